/** A Service Worker of an app: one import. JavaScript, because the tests compile with the page's types. */

import '/src/adapters/service-worker/route.ts'

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
