/** Reference vectors and token ids from independent implementations; see test/fixtures/reference/README.md. */

import { cosine } from '../../src/vectors/similarity.ts'

export interface ReferenceRow {
  tokens: number[]
  embedding: Float32Array
}

interface ReferenceFile {
  rows: { tokens: number[]; embedding: string }[]
}

async function fetchJson(path: string): Promise<unknown> {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path}: status ${String(response.status)}`)
  return response.json()
}

/** The 40 texts of the reference set. */
export async function referenceTexts(): Promise<string[]> {
  return (await fetchJson('/fixtures/reference/texts.json')) as string[]
}

/** Token ids and vectors of `<name>.json`, in the order of the texts. */
export async function referenceRows(name: string): Promise<ReferenceRow[]> {
  const { rows } = (await fetchJson(`/fixtures/reference/${name}.json`)) as ReferenceFile
  return rows.map(({ tokens, embedding }) => {
    const bytes = Uint8Array.from(atob(embedding), (character) => character.charCodeAt(0))
    return { tokens, embedding: new Float32Array(bytes.buffer) }
  })
}

/** Mean and least cosine of two lists of vectors. */
export function agreement(
  actual: readonly (readonly number[])[],
  expected: readonly Float32Array[],
): { mean: number; minimum: number } {
  const cosines = actual.map((vector, index) => cosine(Float32Array.from(vector), expected[index]!))
  return {
    mean: cosines.reduce((sum, value) => sum + value, 0) / cosines.length,
    minimum: Math.min(...cosines),
  }
}
