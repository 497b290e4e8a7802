/**
 * The site's service worker, built to `offline.js` beside `index.html`: keeps the page's own files, so that it opens
 * without a network. The model's files are not its business; the library keeps those itself.
 *
 * The page registers it as `offline.js?build=<name>`: another build is another script, and gets another cache.
 */

// The DOM's and the worker's type libraries exclude each other, so what is used of the latter is written down here.
interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface Fetching extends Extendable {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}
interface Messaging extends Extendable {
  readonly data: unknown
}
interface Scope {
  readonly location: Location
  readonly registration: ServiceWorkerRegistration
  readonly clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', listener: (event: Extendable) => void): void
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void
  addEventListener(type: 'message', listener: (event: Messaging) => void): void
}
const scope = globalThis as unknown as Scope

const PREFIX = 'demo-page-'
const CACHE = PREFIX + (new URL(scope.location.href).searchParams.get('build') ?? 'unnamed')

/** Names with a content hash, or a version in the query: what is kept under them never changes. */
const IMMUTABLE = /-[\w-]{8}\.\w+$|[?&]v=[\da-f]+$/u

/** The files do not depend on who asks for them; `Vary: Origin`, which servers send all the same, hides them from us. */
const ANY = { ignoreVary: true }

/** A network that is there but does not answer counts as none after so many ms, where there is a copy. */
const PATIENCE = 4000

scope.addEventListener('install', (event) => event.waitUntil(scope.skipWaiting()))

scope.addEventListener('activate', (event) => event.waitUntil(takeOver()))

scope.addEventListener('message', (event) => {
  const { data } = event
  // What the page had fetched before this worker was there.
  if (Array.isArray(data)) event.waitUntil(Promise.allSettled(data.map((url) => keep(String(url)))))
})

scope.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  const isModel = url.href.startsWith(`${scope.registration.scope}models/`)
  if (request.method !== 'GET' || !url.href.startsWith(scope.registration.scope) || isModel) return
  event.respondWith(IMMUTABLE.test(url.pathname + url.search) ? keptFirst(request) : networkFirst(request))
})

async function takeOver(): Promise<void> {
  const names = await caches.keys()
  await Promise.all(
    names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)),
  )
  await scope.clients.claim()
}

async function keep(url: string): Promise<void> {
  const cache = await caches.open(CACHE)
  const request = new Request(url)
  if ((await cache.match(request, ANY)) === undefined) await fetchAndStore(request)
}

async function keptFirst(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE)
  return (await cache.match(request, ANY)) ?? fetchAndStore(request)
}

async function networkFirst(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE)
  // A page is one page, whatever is behind its `?`.
  const kept = await cache.match(request, { ...ANY, ignoreSearch: request.mode === 'navigate' })
  if (kept === undefined) return fetchAndStore(request)
  const tooLate = new Promise<Response>((resolve) => setTimeout(() => resolve(kept), PATIENCE))
  return Promise.race([fetchAndStore(request).catch(() => kept), tooLate])
}

async function fetchAndStore(request: Request): Promise<Response> {
  const response = await fetch(request)
  if (response.status === 200 && response.type === 'basic') {
    const cache = await caches.open(CACHE)
    // A full device is no reason to withhold the answer: the page looks at what is kept, and says when it is not all.
    await cache.put(request, response.clone()).catch(() => undefined)
  }
  return response
}
