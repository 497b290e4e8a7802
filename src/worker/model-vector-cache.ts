import { EmbeddingsError } from '../openai/errors.ts'
import { describeError } from '../rpc/error-codec.ts'
import type { VectorCache } from './vector-cache.ts'

/** What is done about vectors that are not there. */
export interface CachedWork {
  dimensions: number
  /** Rows of the given texts, texts × dimensions. */
  compute: (texts: readonly Int32Array[]) => Promise<Float32Array>
  /** Called with what was found, before anything is computed. */
  onHits: (found: { inputs: number; tokens: number }) => void
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
   * Rows from the cache, the others computed and kept.
   *
   * @param space name of the vector space, dimensions included; the same tokens have another vector in another space
   * @param texts token ids of each text, prompt and special tokens included
   * @returns texts × dimensions, in the order of the texts
   */
  async rows(
    space: string,
    texts: readonly Int32Array[],
    { dimensions, compute, onHits }: CachedWork,
  ): Promise<Float32Array> {
    const keys = await Promise.all(texts.map((text) => keyOf(space, text)))
    const found = await this.#read(keys)
    const missing = texts.flatMap((_, index) => (found[index] == null ? [index] : []))
    if (missing.length === texts.length) {
      this.misses += texts.length
      const all = await compute(texts)
      await this.#write(keys.map((key, row) => [key, all.slice(row * dimensions, (row + 1) * dimensions)]))
      return all
    }
    const rows = new Float32Array(texts.length * dimensions)
    let tokens = 0
    found.forEach((vector, index) => {
      if (vector == null) return
      rows.set(vector, index * dimensions)
      tokens += texts[index]?.length ?? 0
    })
    this.hits += texts.length - missing.length
    this.misses += missing.length
    onHits({ inputs: texts.length - missing.length, tokens })
    if (missing.length === 0) return rows
    const computed = await this.#computeSome(texts, missing, compute)
    const entries = missing.map((index, row) => {
      const vector = computed.slice(row * dimensions, (row + 1) * dimensions)
      rows.set(vector, index * dimensions)
      return [keys[index] ?? '', vector] as const
    })
    await this.#write(entries)
    return rows
  }

  async #computeSome(
    texts: readonly Int32Array[],
    missing: readonly number[],
    compute: CachedWork['compute'],
  ): Promise<Float32Array> {
    try {
      return await compute(missing.flatMap((index) => texts[index] ?? []))
    } catch (error) {
      if (error instanceof EmbeddingsError && error.code === 'invalid_output') {
        // It names an input by its place among the missing ones; computing all names it as the caller knows it.
        await compute(texts)
      }
      throw error
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

async function keyOf(space: string, tokens: Int32Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Int32Array(tokens)))
  return `${space}:${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
