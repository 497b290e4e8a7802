/** transformers.js in a worker that has many texts to embed: what a query waits then. */

import { startPeer } from './peer-calls.ts'
import type { UnderLoad } from './queue.ts'
import type { TransformersSetting } from './transformers-library.ts'

interface PeerQueueBench {
  warmUp(texts: readonly string[]): Promise<void>
  /** As this library's; the bulk one text at a time, which suits it best. */
  underLoad(bulk: readonly string[], queries: readonly string[]): Promise<UnderLoad>
}

declare global {
  var peerQueueBench: PeerQueueBench
}

const setting = JSON.parse(new URLSearchParams(location.search).get('setting') ?? '{}') as TransformersSetting
const call = startPeer()
const opened = call({ kind: 'open', setting })

async function embed(texts: readonly string[]): Promise<number> {
  const start = performance.now()
  await call({ kind: 'embed', texts, perCall: 1 })
  return performance.now() - start
}

globalThis.peerQueueBench = {
  async warmUp(texts) {
    await opened
    await embed(texts)
  },
  async underLoad(bulk, queries) {
    let running = true
    const request = embed(bulk).finally(() => {
      running = false
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    const taken: number[] = []
    for (const query of queries) {
      if (!running) break
      // Asked while the bulk ran: it counts, however long it had to wait.
      taken.push(await embed([query]))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return { bulk: await request, queries: taken }
  },
}
