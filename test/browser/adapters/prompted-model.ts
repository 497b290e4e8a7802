/** A client whose model has prompts, so that a test sees which one an adapter asked for. */

import { EmbeddingsClient, type EmbeddingsClientOptions } from '../../../src/index.ts'

export const MODEL = 'all-MiniLM-L6-v2'

export const PROMPTS = {
  query: 'query: ',
  document: 'passage: ',
  similarity: 'same: ',
  classification: 'class: ',
  clustering: 'cluster: ',
}

/** The embedded model, with prompts that it does not have by itself. */
export async function promptedClient(options: EmbeddingsClientOptions = {}): Promise<EmbeddingsClient> {
  const manifest: Record<string, unknown> = await (await fetch(`/models/${MODEL}/manifest.json`)).json()
  const recipe = { ...(manifest['recipe'] as object), prompts: PROMPTS }
  return new EmbeddingsClient({
    modelsUrl: '/models/',
    device: 'wasm',
    workers: 1,
    models: [{ ...manifest, recipe }],
    ...options,
  })
}

/** The vector that the client itself gives for a text. */
export async function vectorOf(
  client: EmbeddingsClient,
  input: string,
  dimensions?: number,
): Promise<number[]> {
  const { data } = await client.embeddings.create({ model: MODEL, input, dimensions })
  return data[0]!.embedding
}
