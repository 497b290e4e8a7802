/** The page's side of `browser-embeddings/service-worker`. */

import { EmbeddingsError, type EmbeddingsClient } from '../index.ts'
import {
  PAGE_LOCK_PREFIX,
  type Call,
  type FromPage,
  type RoutedRequest,
  type ToPage,
} from './service-worker-protocol.ts'

/**
 * Lets the Service Workers of this origin answer from this client, until the page goes or `stop` is called. The client
 * starts its worker and loads its model when the first request comes.
 *
 * @returns `stop`: requests that run are still answered, later ones are not
 * @throws {EmbeddingsError} 400 `unsupported_environment` where the page has no Service Workers or Web Locks
 *   (an insecure origin)
 * @example
 * await answerServiceWorker(new EmbeddingsClient())
 */
export async function answerServiceWorker(client: EmbeddingsClient): Promise<() => void> {
  // Absent on insecure origins, whatever the types say.
  const { serviceWorker, locks } = navigator as Partial<Navigator>
  if (serviceWorker === undefined || locks === undefined) {
    throw new EmbeddingsError(
      'unsupported_environment',
      'This page has no Service Workers. Serve it over https or from localhost.',
    )
  }
  const lock = PAGE_LOCK_PREFIX + crypto.randomUUID()
  const running = new Set<Promise<void>>()
  const listen = ({ data, ports }: MessageEvent<unknown>): void => {
    const [port] = ports
    if (port === undefined || !isCall(data)) return
    port.onmessage = (event: MessageEvent<ToPage>) => {
      if (event.data.type !== 'request') return
      const work = answer(client, event.data, port).finally(() => running.delete(work))
      running.add(work)
    }
    port.postMessage({ type: 'present', lock } satisfies FromPage)
  }
  serviceWorker.addEventListener('message', listen)
  serviceWorker.startMessages()
  const release = await holdLock(locks, lock)
  return () => {
    serviceWorker.removeEventListener('message', listen)
    // Whoever gets the lock takes this page for gone.
    void Promise.all(running).then(release)
  }
}

function isCall(data: unknown): data is Call {
  return (data as Partial<Call> | null)?.type === 'browser-embeddings:call'
}

/** Resolves once the lock is held; what it resolves to frees it. */
function holdLock(locks: LockManager, name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    locks
      .request(
        name,
        () =>
          new Promise<void>((release) => {
            resolve(release)
          }),
      )
      .catch(reject)
  })
}

async function answer(client: EmbeddingsClient, routed: RoutedRequest, port: MessagePort): Promise<void> {
  const { url, method, headers, body } = routed
  const controller = new AbortController()
  port.onmessage = ({ data }: MessageEvent<ToPage>) => {
    if (data.type === 'abort') controller.abort()
  }
  const send = (message: FromPage, transfer: Transferable[]): void => {
    port.postMessage(message, transfer)
  }
  try {
    const response = await client.fetch(url, { method, headers, body, signal: controller.signal })
    const bytes = await response.arrayBuffer()
    send({ type: 'response', status: response.status, headers: [...response.headers], body: bytes }, [bytes])
  } catch (error) {
    // Only an abort gets here: every other failure is a response.
    send({ type: 'failed', message: String(error) }, [])
  }
}
