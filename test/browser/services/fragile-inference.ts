/** The library's own inference worker; a message on the channel makes it fail as an uncaught error does, or end without a word. */

import '../../../src/worker/inference-entry.ts'

const channel = new BroadcastChannel('fragile-inference')
channel.addEventListener('message', ({ data }: MessageEvent<string>) => {
  if (data === 'fail') throw new Error('failed on purpose')
  if (data === 'close') self.close()
})
channel.postMessage('started')
