/** transformers.js in a worker that has many texts to embed: what a query waits then. */

import { startPeer } from './peer-calls.ts'
import { readSetting } from './setting.ts'
import type { TransformersSetting } from './transformers-library.ts'
import { measureUnderLoad, type UnderLoad } from './under-load.ts'

interface PeerQueueBench {
  warmUp(texts: readonly string[]): Promise<void>
  /** As this library's; the bulk one text at a time, which suits it best. */
  underLoad(bulk: readonly string[], queries: readonly string[]): Promise<UnderLoad>
}

declare global {
  var peerQueueBench: PeerQueueBench
}

const setting = readSetting<TransformersSetting>()
const call = startPeer()
const opened = call({ kind: 'open', setting })

const embed = (texts: readonly string[]): Promise<unknown> => call({ kind: 'embed', texts, perCall: 1 })

globalThis.peerQueueBench = {
  async warmUp(texts) {
    await opened
    await embed(texts)
  },
  underLoad: (bulk, queries) =>
    measureUnderLoad({ bulk: embed, query: (text) => embed([text]) }, bulk, queries),
}
