/** Embeds texts for the test, each time with a client of its own, and hands over what came of it as plain data. */

import {
  EmbeddingsClient,
  EmbeddingsError,
  type EmbeddingCreateParams,
  type EmbeddingsClientOptions,
  type ModelStatus,
} from '../../../src/index.ts'

/** What the test is told. */
export interface HubOutcome {
  vectors: number[][]
  fingerprint: string | null
  error: { code: string; status: number; message: string } | null
  status: ModelStatus | null
}

declare global {
  var embedFromHub: (body: EmbeddingCreateParams, options: EmbeddingsClientOptions) => Promise<HubOutcome>
  var deleteFromHub: (model: string) => Promise<void>
  var storedUrls: () => Promise<string[]>
}

globalThis.embedFromHub = async (body, options) => {
  const client = new EmbeddingsClient({ device: 'wasm', workers: 1, ...options })
  const status = () => client.models.status(body.model).catch(() => null)
  try {
    const { data, system_fingerprint } = await client.embeddings.create({ ...body, encoding_format: 'float' })
    const vectors = data.map(({ embedding }) => embedding)
    return { vectors, fingerprint: system_fingerprint ?? null, error: null, status: await status() }
  } catch (error) {
    if (!(error instanceof EmbeddingsError)) throw error
    const { code, status: number, message } = error
    return { vectors: [], fingerprint: null, error: { code, status: number, message }, status: await status() }
  } finally {
    await client.close()
  }
}

globalThis.deleteFromHub = async (model) => {
  const client = new EmbeddingsClient({ device: 'wasm' })
  await client.models.delete(model)
  await client.close()
}

globalThis.storedUrls = async () => {
  const cache = await caches.open('browser-embeddings-v1')
  return (await cache.keys()).map(({ url }) => url)
}
document.title = 'ready'
