/** The library's own inference worker on a GPU that refuses its work once it is told to, over a channel, and says so. */

import '../../../src/worker/inference-entry.ts'

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its queue below
const { submit } = GPUQueue.prototype
let refusing = false
const channel = new BroadcastChannel('faulty-gpu')
channel.onmessage = () => {
  refusing = true
  channel.postMessage('refusing')
}

GPUQueue.prototype.submit = function (...given) {
  if (refusing) throw new Error('the GPU refuses its work')
  Reflect.apply(submit, this, given)
}
