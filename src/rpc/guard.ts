/**
 * The service's end of Comlink. Whoever holds the other end of a Comlink port may otherwise set properties, construct
 * objects and walk prototypes on this side (comlink#603). Here nothing of that exists: calls of listed paths with plain
 * arguments are answered, in Comlink's own messages, and all else is refused. Source: comlink 4.4, src/protocol.ts.
 */

import { describeError } from './error-codec.ts'

interface ComlinkMessage {
  id: string
  type: string
  path?: unknown
  argumentList?: unknown
}

interface PlainArgument {
  type: 'RAW'
  value: unknown
}

type Member = (...given: readonly unknown[]) => unknown

/** The scope or port that calls come from. */
export interface CallScope {
  postMessage(message: unknown, transfer: Transferable[]): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}

/** What answers hand over in place of copying it. */
const transfers = new WeakMap<object, Transferable[]>()

/** Marks an answer: `buffers` in it are handed over without a copy. */
export function handOver<T extends object>(answer: T, buffers: Transferable[]): T {
  transfers.set(answer, buffers)
  return answer
}

/**
 * Answers calls (`APPLY`) of the given dotted paths in `api` with plain arguments. Anything else is answered with an
 * error, so that no caller waits for ever.
 *
 * @throws TypeError when a path leads to no function
 */
export function answerComlink(scope: CallScope, api: object, paths: readonly string[]): void {
  const members = new Map(paths.map((path) => [path, memberAt(api, path)]))
  scope.addEventListener('message', ({ data }) => {
    if (isComlinkMessage(data)) void answer(data)
  })

  async function answer(message: ComlinkMessage): Promise<void> {
    const { id } = message
    try {
      // The caller's proxy ended; it waits for a sign that no answer is on its way any more.
      const value = message.type === 'RELEASE' ? undefined : await call(message)
      const handedOver = typeof value === 'object' && value !== null ? transfers.get(value) : undefined
      scope.postMessage({ id, type: 'RAW', value }, handedOver ?? [])
    } catch (error) {
      const value = { isError: true, value: { name: 'Error', message: describeError(error), stack: '' } }
      scope.postMessage({ id, type: 'HANDLER', name: 'throw', value }, [])
    }
  }

  function call({ type, path, argumentList }: ComlinkMessage): unknown {
    if (type !== 'APPLY') throw refusal(`message type ${type}`)
    if (!Array.isArray(path) || !path.every((part) => typeof part === 'string')) {
      throw refusal('path is not a string array')
    }
    const name = path.join('.')
    const member = path.some((part) => part.includes('.')) ? undefined : members.get(name)
    if (member === undefined) throw refusal(`path ${name.slice(0, 80)}`)
    if (!Array.isArray(argumentList) || !argumentList.every(isPlainArgument)) {
      throw refusal('an argument is not plain data')
    }
    return member(...argumentList.map(({ value }) => value))
  }
}

function refusal(reason: string): Error {
  return new Error(`refused call: ${reason}`)
}

function memberAt(api: object, path: string): Member {
  const member = path
    .split('.')
    .reduce<unknown>((holder, name) => (holder as Record<string, unknown>)[name], api)
  if (typeof member !== 'function') throw new TypeError(`${path} is no function`)
  return member as Member
}

function isComlinkMessage(data: unknown): data is ComlinkMessage {
  return (
    typeof data === 'object' &&
    data !== null &&
    typeof (data as { id?: unknown }).id === 'string' &&
    typeof (data as { type?: unknown }).type === 'string'
  )
}

function isPlainArgument(argument: unknown): argument is PlainArgument {
  return typeof argument === 'object' && argument !== null && (argument as { type?: unknown }).type === 'RAW'
}
