/** Embeds the reference texts on each CPU runtime, searches among them, and posts to the server what came of it: no browser needs a driver for that. */

import { EmbeddingsClient, type ModelStatus } from '../../../src/index.ts'
import { VectorIndex, type SearchBackend, type VectorMatch } from '../../../src/search/index.ts'
import texts from '../../fixtures/reference/texts.json'

/** What a browser did. */
export interface Report {
  /** What went wrong; null: nothing. */
  error: string | null
  isolated: boolean
  runs: Run[]
  /** Each text's neighbours, among all of them, at the whole width and at fewer dimensions. */
  search: { backend: SearchBackend; matches: VectorMatch[][] } | null
}

/** What one runtime gave. */
export interface Run {
  backend: ModelStatus['backend']
  /** SHA-256 over the bits of all vectors, hexadecimal. */
  hash: string
  /** The same where each text was asked for by itself, which several workers do together. */
  hashOfLone: string
  /** Base64 of little-endian float32, a vector a text. */
  vectors: string[]
}

const MODEL = 'all-MiniLM-L6-v2'

async function run(cpuRuntime: 'auto' | 'onnxruntime', workers: number): Promise<Run> {
  const client = new EmbeddingsClient({ modelsUrl: '/models/', device: 'wasm', cpuRuntime, workers })
  const body = { model: MODEL, input: texts, truncate: true, encoding_format: 'base64' } as const
  const { data } = await client.embeddings.create(body)
  const vectors = data.map(({ embedding }) => embedding)
  const lone: string[] = []
  for (const input of texts) {
    const { data } = await client.embeddings.create({ ...body, input })
    lone.push(...data.map(({ embedding }) => embedding))
  }
  const { backend } = await client.models.status(MODEL)
  await client.close()
  return { backend, hash: await hashOf(vectors), hashOfLone: await hashOf(lone), vectors }
}

async function hashOf(vectors: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(vectors.join()))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function search({ vectors }: Run): Report['search'] {
  const rows = vectors.map(
    (base64) => new Float32Array(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer),
  )
  const space = { dimensions: 384, fingerprint: MODEL }
  const index = new VectorIndex(space)
  for (const row of rows) index.add(row, MODEL)
  const matches = [384, 100].flatMap((dimensions) =>
    rows.map((row) => index.search(row, { fingerprint: MODEL, dimensions })),
  )
  return { backend: index.backend, matches }
}

const report: Report = { error: null, isolated: crossOriginIsolated, runs: [], search: null }
try {
  for (const [cpuRuntime, workers] of [
    ['auto', 1],
    ['auto', 2],
    ['onnxruntime', 1],
  ] as const) {
    report.runs.push(await run(cpuRuntime, workers))
  }
  const [first] = report.runs
  if (first !== undefined) report.search = search(first)
} catch (error) {
  report.error = String(error)
}
await fetch('/report', { method: 'POST', body: JSON.stringify(report) })
