/** Models and reference vectors on disk, for tests that run in Node. */

import { existsSync, readFileSync } from 'node:fs'
import type { EmbeddingSession } from '../../../src/engine/embedding-session.ts'
import type { EncoderModule } from '../../../src/simd/encoder-module.ts'
import { cosine } from '../../../src/vectors/similarity.ts'

const repository = new URL('../../../', import.meta.url)

export interface ReferenceRow {
  tokens: Int32Array
  embedding: Float32Array
}

/** A file of the repository, or one beside it (`../shared/…`), which not every machine has. */
export function fileBytes(path: string): ArrayBuffer {
  const bytes = readFileSync(new URL(path, repository))
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
}

/** True where the file is there. */
export function hasFile(path: string): boolean {
  return existsSync(new URL(path, repository))
}

/** The plain build; Node 20 has relaxed SIMD only behind a flag. */
export async function plainModule(shared = false): Promise<EncoderModule> {
  const file = `src/simd/encoder-plain${shared ? '-shared' : ''}.wasm`
  return { build: 'plain', shared, module: await WebAssembly.compile(fileBytes(file)) }
}

/** Token ids and vectors. */
export function referenceRows(path: string): ReferenceRow[] {
  const { rows } = JSON.parse(new TextDecoder().decode(fileBytes(path))) as {
    rows: { tokens: number[]; embedding: string }[]
  }
  return rows.map(({ tokens, embedding }) => ({
    tokens: Int32Array.from(tokens),
    embedding: new Float32Array(Uint8Array.from(Buffer.from(embedding, 'base64')).buffer),
  }))
}

/** Runs one text. */
export function runAlone(session: EmbeddingSession, tokens: Int32Array): Promise<Float32Array> {
  return session.run({ ids: tokens, lengths: Int32Array.of(tokens.length) })
}

/** Mean and least cosine of the texts, each run alone, to the reference. */
export async function agreement(
  session: EmbeddingSession,
  rows: readonly ReferenceRow[],
): Promise<{ mean: number; minimum: number }> {
  const cosines: number[] = []
  for (const { tokens, embedding } of rows) cosines.push(cosine(await runAlone(session, tokens), embedding))
  return {
    mean: cosines.reduce((sum, value) => sum + value, 0) / cosines.length,
    minimum: Math.min(...cosines),
  }
}
