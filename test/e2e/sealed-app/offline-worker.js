/** A service worker that keeps the page, and from the index that `copy-assets` wrote, the library and its runtime. */

const CACHE = 'sealed-app'

addEventListener('install', (event) => {
  const keep = async () => {
    const { files } = await (await fetch('./embeddings/browser-embeddings.json')).json()
    const own = files.map(({ path }) => path).filter((path) => !path.startsWith('models/'))
    const cache = await caches.open(CACHE)
    await cache.addAll(['./', './app.js', ...own.map((path) => `./embeddings/${path}`)])
    await skipWaiting()
  }
  event.waitUntil(keep())
})

addEventListener('activate', (event) => event.waitUntil(clients.claim()))

addEventListener('fetch', (event) => {
  const answer = async () => (await caches.match(event.request)) ?? fetch(event.request)
  event.respondWith(answer())
})
