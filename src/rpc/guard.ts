/**
 * A door before Comlink: whoever holds the other end of a Comlink port may otherwise set properties, construct
 * objects and walk prototypes on this side (comlink#603). Only calls of listed paths with plain arguments pass.
 */

import type { Endpoint } from 'comlink'

type MessageListener = (event: MessageEvent) => void

interface ComlinkMessage {
  id: string
  type: string
  path?: unknown
  argumentList?: unknown
}

function isComlinkMessage(data: unknown): data is ComlinkMessage {
  return (
    typeof data === 'object' &&
    data !== null &&
    typeof (data as { id?: unknown }).id === 'string' &&
    typeof (data as { type?: unknown }).type === 'string'
  )
}

function isPlainArgument(argument: unknown): boolean {
  return typeof argument === 'object' && argument !== null && (argument as { type?: unknown }).type === 'RAW'
}

/** Why a message is refused; null when it may pass. */
function refusal(message: ComlinkMessage, allowedPaths: ReadonlySet<string>): string | null {
  if (message.type === 'RELEASE') return null
  if (message.type !== 'APPLY') return `message type ${message.type}`
  const { path } = message
  if (!Array.isArray(path) || !path.every((part) => typeof part === 'string'))
    return 'path is not a string array'
  if (!allowedPaths.has(path.join('.'))) return `path ${path.join('.').slice(0, 80)}`
  if (!Array.isArray(message.argumentList) || !message.argumentList.every(isPlainArgument)) {
    return 'an argument is not plain data'
  }
  return null
}

/** The scope or port that Comlink's `expose` listens on. */
export interface GuardedScope {
  postMessage(message: unknown, transfer: Transferable[]): void
  addEventListener(type: 'message', listener: MessageListener): void
  removeEventListener(type: 'message', listener: MessageListener): void
}

/**
 * An endpoint for Comlink's `expose` that lets through only calls (`APPLY`) of the given dotted paths with plain
 * arguments. Anything else is answered with an error, so that no caller waits for ever.
 */
export function guardEndpoint(scope: GuardedScope, allowedPaths: readonly string[]): Endpoint {
  const allowed = new Set(allowedPaths)
  const wrapped = new Map<unknown, MessageListener>()
  return {
    postMessage: (message: unknown, transfer: Transferable[] = []) => {
      scope.postMessage(message, transfer)
    },
    addEventListener: (_type: string, listener: EventListenerOrEventListenerObject) => {
      const guarded: MessageListener = (event) => {
        if (!isComlinkMessage(event.data)) return
        const reason = refusal(event.data, allowed)
        if (reason !== null) {
          const value = {
            isError: true,
            value: { name: 'Error', message: `refused call: ${reason}`, stack: '' },
          }
          scope.postMessage({ id: event.data.id, type: 'HANDLER', name: 'throw', value }, [])
        } else if (typeof listener === 'function') listener(event)
        else listener.handleEvent(event)
      }
      wrapped.set(listener, guarded)
      scope.addEventListener('message', guarded)
    },
    removeEventListener: (_type: string, listener: EventListenerOrEventListenerObject) => {
      const guarded = wrapped.get(listener)
      if (guarded !== undefined) scope.removeEventListener('message', guarded)
      wrapped.delete(listener)
    },
  }
}
