/** Calls of the worker that runs transformers.js. */

import type { PeerRequest } from './peer-worker.ts'

type Asked<Request = PeerRequest> = Request extends unknown ? Omit<Request, 'id'> : never

/** Starts the worker; the function that it answers makes one call. */
export function startPeer(): (request: Asked) => Promise<unknown> {
  const worker = new Worker(new URL('./peer-worker.ts', import.meta.url), { type: 'module' })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let calls = 0
  worker.addEventListener(
    'message',
    ({ data }: MessageEvent<{ id: number; value?: unknown; error?: string }>) => {
      const call = waiting.get(data.id)
      waiting.delete(data.id)
      if (data.error === undefined) call?.resolve(data.value)
      else call?.reject(new Error(data.error))
    },
  )
  worker.addEventListener('error', ({ message }) => {
    for (const { reject } of waiting.values()) reject(new Error(message))
  })
  return (request) => {
    const id = ++calls
    const call = Promise.withResolvers<unknown>()
    waiting.set(id, call)
    worker.postMessage({ id, ...request })
    return call.promise
  }
}
