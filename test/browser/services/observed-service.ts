/** The library's own service, which also tells on request what this thread has fetched. */

import '../../../src/worker/service-entry.ts'

const channel = new BroadcastChannel('observed-service')

channel.addEventListener('message', ({ data }: MessageEvent<string>) => {
  if (data === 'close') self.close()
  else if (data === 'hang') {
    channel.postMessage(['hanging'])
    for (;;);
  } else if (data === 'fail') throw new Error('failed on purpose')
  else if (data === 'fetches') {
    channel.postMessage(performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname))
  }
})
