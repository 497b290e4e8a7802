import type { EmbeddedBatch } from '../engine/embedder.ts'
import type { WaitingText } from '../engine/waiting-texts.ts'
import { describeError } from '../rpc/error-codec.ts'
import type { VectorCache } from './vector-cache.ts'

// Loaded together, where a cache is asked for.
export { MemoryVectorCache } from './memory-vector-cache.ts'

/** What is done about vectors that are not there, and with all of them. */
export interface CachedWork {
  dimensions: number
  /** Computes vectors, batch by batch. */
  compute: (
    portions: AsyncIterable<readonly WaitingText[]>,
    onRows: (done: EmbeddedBatch) => void,
  ) => Promise<void>
  /** Takes vectors, found or computed. */
  take: (done: EmbeddedBatch) => void
}

/** The use that one model makes of the cache. */
export class ModelVectorCache {
  /** Inputs answered from the cache, and inputs computed. */
  hits = 0
  misses = 0
  /** The last fault of the cache itself; the vectors were computed then. */
  fault: string | null = null
  readonly #cache: VectorCache

  constructor(cache: VectorCache) {
    this.#cache = cache
  }

  /**
   * Vectors from the cache, the others computed and kept.
   *
   * @param space name of the vector space, dimensions included; the same tokens have another vector in another space
   * @param portions distinct texts, prompt and special tokens included
   */
  async through(
    space: string,
    portions: AsyncIterable<readonly WaitingText[]>,
    { dimensions, compute, take }: CachedWork,
  ): Promise<void> {
    const keys = new Map<number, string>()
    const writes: Promise<void>[] = []
    await compute(this.#missing(space, portions, { keys, take, dimensions }), (done) => {
      this.misses += done.positions.length
      take(done)
      writes.push(this.#write(entriesOf(done, keys, dimensions)))
    })
    await Promise.all(writes)
  }

  /** Hands over what is there, and gives on the rest, whose keys it notes by position. */
  async *#missing(
    space: string,
    portions: AsyncIterable<readonly WaitingText[]>,
    { keys, take, dimensions }: Omit<CachedWork, 'compute'> & { keys: Map<number, string> },
  ): AsyncGenerator<WaitingText[], void, undefined> {
    for await (const portion of portions) {
      const names = await Promise.all(portion.map(({ tokens }) => keyOf(space, tokens)))
      const found = await this.#read(names)
      const missing: WaitingText[] = []
      const hits: { text: WaitingText; vector: Float32Array }[] = []
      portion.forEach((text, index) => {
        const vector = found[index]
        // The store is not ours alone: what has another length is no vector of this space.
        if (vector?.length === dimensions) hits.push({ text, vector })
        else {
          missing.push(text)
          keys.set(text.position, names[index] ?? '')
        }
      })
      this.hits += hits.length
      if (hits.length > 0) take(batchOf(hits))
      yield missing
    }
  }

  async #read(keys: readonly string[]): Promise<(Float32Array | null)[]> {
    try {
      return await this.#cache.get(keys)
    } catch (error) {
      this.fault = describeError(error)
      return []
    }
  }

  async #write(entries: readonly (readonly [string, Float32Array])[]): Promise<void> {
    try {
      await this.#cache.put(entries)
    } catch (error) {
      this.fault = describeError(error)
    }
  }
}

function batchOf(hits: readonly { text: WaitingText; vector: Float32Array }[]): EmbeddedBatch {
  const dimensions = hits[0]?.vector.length ?? 0
  const rows = new Float32Array(hits.length * dimensions)
  hits.forEach(({ vector }, row) => {
    rows.set(vector, row * dimensions)
  })
  return {
    positions: Int32Array.from(hits, ({ text }) => text.position),
    rows,
    tokens: hits.reduce((sum, { text }) => sum + text.tokens.length, 0),
  }
}

/** Copies: a kept vector must not hold the whole batch in memory. */
function entriesOf(
  { positions, rows }: EmbeddedBatch,
  keys: ReadonlyMap<number, string>,
  dimensions: number,
): (readonly [string, Float32Array])[] {
  return Array.from(positions, (position, row) => [
    keys.get(position) ?? '',
    rows.slice(row * dimensions, (row + 1) * dimensions),
  ])
}

async function keyOf(space: string, tokens: Int32Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Int32Array(tokens)))
  return `${space}:${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
