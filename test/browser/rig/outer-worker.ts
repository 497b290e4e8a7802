/** Passes on what its nested worker says. */
const inner = new Worker(new URL('./inner-worker.js', import.meta.url), { type: 'module' })
inner.addEventListener('message', (event: MessageEvent<unknown>) => {
  postMessage(event.data)
})
inner.addEventListener('error', (event) => {
  throw new Error(`inner worker failed: ${event.message}`)
})
