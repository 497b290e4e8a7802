/** Runs one request for the test and hands over what came of it as plain data. */

import {
  EmbeddingsClient,
  EmbeddingsError,
  type EmbeddingsClientOptions,
  type ModelStatus,
} from '../../../src/index.ts'

/** What the test is told. */
export interface Outcome {
  vector: number[] | null
  error: { code: string; status: number; message: string } | null
  status: ModelStatus | null
}

declare global {
  var embed: (model: string, options: EmbeddingsClientOptions) => Promise<Outcome>
}

globalThis.embed = async (model, options) => {
  const client = new EmbeddingsClient({ device: 'wasm', workers: 1, ...options })
  try {
    const { data } = await client.embeddings.create({ model, input: 'red' })
    return { vector: data[0]?.embedding ?? null, error: null, status: await client.models.status(model) }
  } catch (error) {
    if (!(error instanceof EmbeddingsError)) throw error
    const { code, status, message } = error
    return { vector: null, error: { code, status, message }, status: null }
  } finally {
    await client.close()
  }
}
document.title = 'ready'
