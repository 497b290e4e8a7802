/** Exact search of many vectors in one thread: this library's index, plain JavaScript over floats, and Orama. */

import { VectorIndex } from 'browser-embeddings/search'
import { insertMultiple, create, searchVector } from '@orama/orama'

/** Vectors, and queries among them. */
interface Collection {
  rows: Float32Array
  queries: Float32Array[]
}

/** One way of searching: milliseconds of each query, and the rows it found. */
export interface SearchTimes {
  milliseconds: number[]
  found: number[][]
  /** Bytes that the page's heap grew by until the first search had ended, buffers included. */
  bytes: number
  /** Milliseconds until the collection could be searched. */
  built: number
}

interface SearchBench {
  /** Makes the collection; answers what it is made of. */
  prepare(count: number, queries: number): Promise<string>
  /** Opens every way, then asks them in turn, query by query: so they meet the same load of the machine. */
  run(names: ('index' | 'float' | 'orama')[], topK: number): Promise<SearchTimes[]>
}

declare global {
  var searchBench: SearchBench
}

const WIDTH = 384
const FINGERPRINT = 'bench:384'
/** Length of the noise on a vector of length 1: passages about the same thing, neither copies nor strangers. */
const NOISE = 0.5

let collection: Collection = { rows: new Float32Array(0), queries: [] }

/** Uniform in [0, 1); the same numbers at every run (Steele et al. 2014, SplitMix). */
function randomNumbers(): () => number {
  let state = 1
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
  }
}

/** A stored row with noise, of length 1. */
function vary(row: Int8Array, scale: number, random: () => number): Float32Array {
  const spread = NOISE * Math.sqrt(3 / WIDTH)
  const vector = Float32Array.from(row, (value) => value * scale + (2 * random() - 1) * spread)
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

async function heapBytes(): Promise<number> {
  const performanceWithMemory = performance as Performance & {
    measureUserAgentSpecificMemory(): Promise<{ bytes: number }>
  }
  return (await performanceWithMemory.measureUserAgentSpecificMemory()).bytes
}

/** What one writes without a library: a sum in four parts, and the best so far in a short sorted list. */
function searchFloats(rows: Float32Array, query: Float32Array, topK: number): number[] {
  const best: { row: number; score: number }[] = []
  const count = rows.length / WIDTH
  for (let row = 0; row < count; row++) {
    const start = row * WIDTH
    let [s0, s1, s2, s3] = [0, 0, 0, 0]
    for (let i = 0; i < WIDTH; i += 4) {
      s0 += (query[i] ?? 0) * (rows[start + i] ?? 0)
      s1 += (query[i + 1] ?? 0) * (rows[start + i + 1] ?? 0)
      s2 += (query[i + 2] ?? 0) * (rows[start + i + 2] ?? 0)
      s3 += (query[i + 3] ?? 0) * (rows[start + i + 3] ?? 0)
    }
    const score = s0 + s1 + s2 + s3
    if (best.length === topK && score <= (best[topK - 1]?.score ?? 0)) continue
    const place = best.findIndex((other) => score > other.score)
    best.splice(place === -1 ? best.length : place, 0, { row, score })
    if (best.length > topK) best.pop()
  }
  return best.map(({ row }) => row)
}

type Search = (query: Float32Array, topK: number) => number[] | Promise<number[]>

function openIndex({ rows }: Collection): Search {
  const index = new VectorIndex({ dimensions: WIDTH, fingerprint: FINGERPRINT })
  index.addAll(rows, FINGERPRINT)
  return (query, topK) => index.search(query, { fingerprint: FINGERPRINT, topK }).map(({ index: row }) => row)
}

async function openOrama({ rows }: Collection): Promise<Search> {
  const database = create({ schema: { embedding: `vector[${WIDTH}]` } as const })
  const documents = Array.from({ length: rows.length / WIDTH }, (_, row) => ({
    id: String(row),
    embedding: Array.from(rows.subarray(row * WIDTH, (row + 1) * WIDTH)),
  }))
  await insertMultiple(database, documents, 1000, undefined, true)
  return async (query, topK) => {
    const results = await searchVector(database, {
      mode: 'vector',
      vector: { value: Array.from(query), property: 'embedding' },
      similarity: -1,
      limit: topK,
      includeVectors: false,
    })
    return results.hits.map(({ id }) => Number(id))
  }
}

const ways = {
  index: (from: Collection) => openIndex(from),
  float:
    (from: Collection): Search =>
    (query, topK) =>
      searchFloats(from.rows, query, topK),
  orama: openOrama,
}

globalThis.searchBench = {
  async prepare(count, queries) {
    const response = await fetch('/vectors/vectors.bin')
    const bytes = await response.arrayBuffer()
    const stored = bytes.byteLength / (WIDTH + 4)
    if (!response.ok || !Number.isInteger(stored))
      throw new Error('/vectors/vectors.bin is not the demo corpus')
    const rows = new Int8Array(bytes, 0, stored * WIDTH)
    const scales = new Float32Array(bytes.slice(stored * WIDTH))
    const random = randomNumbers()
    const varied = (row: number): Float32Array =>
      vary(rows.subarray(row * WIDTH, (row + 1) * WIDTH), scales[row] ?? 0, random)
    const made = new Float32Array(count * WIDTH)
    for (let row = 0; row < count; row++) made.set(varied(row % stored), row * WIDTH)
    collection = {
      rows: made,
      queries: Array.from({ length: queries }, () => varied(Math.floor(random() * stored))),
    }
    return `${stored} passages of the demo corpus, each as often as needed with noise of length ${NOISE}`
  },
  async run(names, topK) {
    const opened = []
    for (const name of names) {
      const before = await heapBytes()
      const start = performance.now()
      const search = await ways[name](collection)
      const built = performance.now() - start
      // The first search may make what later ones use.
      for (const query of collection.queries.slice(0, 1)) await search(query, topK)
      const times: SearchTimes = { milliseconds: [], found: [], built, bytes: (await heapBytes()) - before }
      opened.push({ search, times })
    }
    for (const query of collection.queries) {
      for (const { search, times } of opened) {
        const asked = performance.now()
        times.found.push(await search(query, topK))
        times.milliseconds.push(performance.now() - asked)
      }
    }
    return opened.map(({ times }) => times)
  },
}
