/** What the use cases share: a client, one call for many texts, and the cosine of two vectors. */

import { EmbeddingsClient } from 'browser-embeddings'

export const client = new EmbeddingsClient({ modelsUrl: '/models/' })

/** Vectors of length 1, one a text, in order. */
export async function embed(input: string[]): Promise<number[][]> {
  const { data } = await client.embeddings.create({ model: 'all-MiniLM-L6-v2', input })
  return data.map(({ embedding }) => embedding)
}

/** Cosine of two vectors of length 1: their dot product. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, k) => sum + value * (b[k] ?? 0), 0)
}

/** The mean of vectors of length 1; longer or shorter does not matter for comparing cosines with it. */
export function mean(vectors: readonly number[][]): number[] {
  return (vectors[0] ?? []).map(
    (_, k) => vectors.reduce((sum, vector) => sum + (vector[k] ?? 0), 0) / vectors.length,
  )
}
