/** This library's memory: after many requests, and after many loads and unloads. */

import { EmbeddingsClient } from 'browser-embeddings'
import type { EmbeddingsClientOptions } from 'browser-embeddings'

interface MemoryBench {
  requests(texts: readonly string[], count: number): Promise<void>
  cycles(count: number): Promise<void>
}

declare global {
  var memoryBench: MemoryBench
}

interface Setting {
  model: string
  options: EmbeddingsClientOptions
}

const { model, options } = JSON.parse(new URLSearchParams(location.search).get('setting') ?? '{}') as Setting
const client = new EmbeddingsClient(options)

globalThis.memoryBench = {
  async requests(texts, count) {
    for (let request = 0; request < count; request++) {
      await client.embeddings.create({ model, input: texts[request % texts.length] ?? 'red' })
    }
  },
  async cycles(count) {
    for (let cycle = 0; cycle < count; cycle++) {
      await client.models.load(model)
      await client.models.unload(model)
    }
    await client.models.load(model)
  },
}
