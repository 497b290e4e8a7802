/**
 * Steers this inference worker by messages on a channel: it fails as an uncaught error does, ends without a word, or
 * keeps its batches waiting. Must be imported before the library's own entry.
 */

const channel = new BroadcastChannel('steered-inference')
/** Calls of `run` that wait; null: the gate is open. */
let waiting: unknown[] | null = null

self.addEventListener('message', (event: MessageEvent<{ name?: unknown }>) => {
  if (waiting === null || event.data.name !== 'run') return
  event.stopImmediatePropagation()
  waiting.push(event.data)
  channel.postMessage('batch waits')
})

channel.addEventListener('message', ({ data }: MessageEvent<string>) => {
  if (data === 'fail') throw new Error('failed on purpose')
  if (data === 'close') self.close()
  if (data === 'shut') {
    waiting ??= []
    channel.postMessage('is shut')
  }
  if (data === 'open') {
    const calls = waiting ?? []
    waiting = null
    for (const call of calls) self.dispatchEvent(new MessageEvent('message', { data: call }))
  }
})
channel.postMessage('started')

export {}
