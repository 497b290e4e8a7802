/** The demo's stored corpus against vectors that the library makes now. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { EmbeddingsClient } from 'browser-embeddings'
import { VectorIndex } from 'browser-embeddings/search'

const SAMPLE = 20

const read = async (file: string): Promise<Response> => {
  const response = await fetch(new URL(`../../demo/public/corpus/${file}`, import.meta.url))
  expect(response.status, file).toBe(200)
  return response
}

let client: EmbeddingsClient
let header: { fingerprint: string; dimensions: number; count: number }
let index: VectorIndex
let passages: string[]

beforeAll(async () => {
  client = new EmbeddingsClient({ modelsUrl: new URL('/models/', location.href), device: 'wasm' })
  header = await (await read('corpus.json')).json()
  const { fingerprint, dimensions, count } = header
  const vectors = await (await read('vectors.bin')).arrayBuffer()
  index = VectorIndex.fromInt8({
    fingerprint,
    dimensions,
    rows: new Int8Array(vectors, 0, count * dimensions),
    scales: new Float32Array(vectors, count * dimensions),
  })
  const { body } = await read('addresses.gzip')
  const lines = await new Response(body!.pipeThrough(new DecompressionStream('gzip'))).text()
  passages = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { text: string; bounds: number[] })
    .flatMap(({ text, bounds }) =>
      bounds.flatMap((start, i) => (i % 2 === 0 ? [text.slice(start, bounds[i + 1])] : [])),
    )
})

afterAll(async () => {
  await client.close()
})

test('every passage has its row', () => {
  expect(passages).toHaveLength(header.count)
  expect(index.size).toBe(header.count)
  expect(passages.every((passage) => passage.trim() === passage && passage !== '')).toBe(true)
})

test('a sample embedded again gives the stored vectors, in the same space', async () => {
  // Spread over the whole corpus, and never the same distance from the start of an address.
  const sample = Array.from({ length: SAMPLE }, (_, i) => Math.floor(((i + 0.37) * passages.length) / SAMPLE))
  const response = await client.embeddings.create({
    model: 'all-MiniLM-L6-v2',
    input: sample.map((row) => passages[row]!),
    truncate: true,
  })
  expect(response.system_fingerprint).toBe(header.fingerprint)
  for (const [i, row] of sample.entries()) {
    const fresh = response.data[i]!.embedding
    const stored = index.vector(row)
    const cosine = stored.reduce((sum, value, at) => sum + value * fresh[at]!, 0) / Math.hypot(...stored)
    expect(cosine, `passage ${String(row)}`).toBeGreaterThanOrEqual(0.99)
  }
})

test('a passage finds itself, also at fewer dimensions', async () => {
  const row = 4321
  for (const dimensions of [384, 256, 128, 64]) {
    const { data, system_fingerprint } = await client.embeddings.create({
      model: 'all-MiniLM-L6-v2',
      input: passages[row]!,
      dimensions,
    })
    const [best] = index.search(data[0]!.embedding, { fingerprint: system_fingerprint, topK: 1 })
    expect(best?.index, `${String(dimensions)} dimensions`).toBe(row)
    expect(best?.score).toBeGreaterThan(0.99)
  }
})
