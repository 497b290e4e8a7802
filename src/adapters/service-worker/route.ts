/**
 * Imported by a Service Worker, answers `/v1/embeddings` and `/v1/models` of its own origin (or under its scope) from a
 * page's client, so that plain `fetch`, an iframe or WebAssembly code can call them. The page offers its client with
 * `answerServiceWorker`. A Service Worker cannot run the models itself: onnxruntime needs `import()`, which is refused
 * there.
 */

import {
  PAGE_LOCK_PREFIX,
  type Call,
  type FromPage,
  type RoutedRequest,
  type ToPage,
} from '../service-worker-protocol.ts'

declare const self: ServiceWorkerGlobalScope

/** A page that holds a client and has answered the call. */
interface Page {
  port: MessagePort
  lock: string
}

const ROUTES = /^v1\/(?:embeddings|models(?:\/.+)?)$/

self.addEventListener('fetch', (event) => {
  if (isRouted(event.request)) event.respondWith(answer(event.request))
})

/** Paths at the root of the origin and under the scope. Never a navigation: that may come from another site. */
function isRouted({ url, mode }: Request): boolean {
  const { origin, pathname } = new URL(url)
  if (origin !== self.location.origin || mode === 'navigate') return false
  const scope = new URL(self.registration.scope).pathname
  return ['/', scope].some((base) => pathname.startsWith(base) && ROUTES.test(pathname.slice(base.length)))
}

async function answer(request: Request): Promise<Response> {
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
  const routed: RoutedRequest = {
    type: 'request',
    url: request.url,
    method: request.method,
    headers: [...request.headers],
    body: hasBody ? await request.arrayBuffer() : null,
  }
  for (;;) {
    const page = await findPage()
    if (page === null) return noPage()
    const response = await ask(page, routed, request.signal)
    if (response !== null) return response
  }
}

/** The page that answers first; null when none is left that could. */
async function findPage(): Promise<Page | null> {
  const { held = [] } = await navigator.locks.query()
  const locks = held.flatMap(({ name }) => (name?.startsWith(PAGE_LOCK_PREFIX) === true ? [name] : []))
  if (locks.length === 0) return null
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  return untilFree(locks, (resolve) => {
    for (const client of windows) {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = ({ data }: MessageEvent<FromPage>) => {
        if (data.type === 'present') resolve({ port: port1, lock: data.lock })
      }
      client.postMessage({ type: 'browser-embeddings:call' } satisfies Call, [port2])
    }
  })
}

/** The page's answer; null when the page went away before it gave one. */
async function ask({ port, lock }: Page, routed: RoutedRequest, signal: AbortSignal): Promise<Response | null> {
  // Chromium 156 never fires this in a Service Worker: there the page finishes the work for nobody.
  const abort = (): void => {
    port.postMessage({ type: 'abort' } satisfies ToPage)
  }
  signal.addEventListener('abort', abort)
  try {
    return await untilFree([lock], (resolve, reject) => {
      port.onmessage = ({ data }: MessageEvent<FromPage>) => {
        if (data.type === 'failed') reject(new Error(data.message))
        else if (data.type === 'response') {
          resolve(new Response(data.body, { status: data.status, headers: data.headers }))
        }
      }
      // Not transferred: if this page goes, another one is asked.
      port.postMessage(routed satisfies ToPage)
    })
  } finally {
    signal.removeEventListener('abort', abort)
    port.close()
  }
}

/** What `work` resolves to, or null once all the locks are free: then no page is left that could. */
function untilFree<T>(
  locks: readonly string[],
  work: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T | null> {
  const done = new AbortController()
  const free = locks.map((lock) => navigator.locks.request(lock, { signal: done.signal }, () => undefined))
  return new Promise<T | null>((resolve, reject) => {
    Promise.all(free).then(
      () => {
        resolve(null)
      },
      (error: unknown) => {
        // Aborted below, when there is an answer already.
        if (!done.signal.aborted) reject(error)
      },
    )
    work(resolve, reject)
  }).finally(() => {
    done.abort()
  })
}

function noPage(): Response {
  const message =
    'No open page of this site holds an embeddings client. Open one that calls answerServiceWorker(client).'
  const error = { message, type: 'internal_server_error', param: null, code: 'worker_terminated' }
  return Response.json({ error }, { status: 503, headers: { 'x-request-id': `req_${crypto.randomUUID()}` } })
}
