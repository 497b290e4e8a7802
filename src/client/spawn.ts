/** Starts the service worker-thread. Bundlers find a worker only in this literal form. */
export function spawnService(): Worker {
  return new Worker(new URL('../worker/service-entry.js', import.meta.url), { type: 'module' })
}
