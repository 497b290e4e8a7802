import 'browser-embeddings/service-worker'

// So that the page that registers it is served at once, not only after its next load.
self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim())
})
