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
  /** With one client for as long as the page lives; the last answer is kept in `lastAnswer`. */
  var embedAgain: (model: string, modelsUrl: string) => Promise<number[] | null>
  var lastAnswer: Promise<number[] | null>
  /** How often the browser has taken the page out of its back/forward cache. */
  var returns: number
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

let kept: EmbeddingsClient | null = null
globalThis.embedAgain = (model, modelsUrl) => {
  kept ??= new EmbeddingsClient({ device: 'wasm', workers: 1, modelsUrl })
  const answer = kept.embeddings.create({ model, input: 'red' })
  globalThis.lastAnswer = answer.then(({ data }) => data[0]?.embedding ?? null)
  return globalThis.lastAnswer
}

globalThis.returns = 0
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) globalThis.returns++
})
document.title = 'ready'
