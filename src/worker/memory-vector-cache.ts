import type { VectorCache } from './vector-cache.ts'

/** Keeps vectors for as long as the service lives. A `Map` holds its keys in the order of their insertion: oldest first. */
export class MemoryVectorCache implements VectorCache {
  readonly kind = 'memory'
  readonly #maxEntries: number
  readonly #vectors = new Map<string, Float32Array>()

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  get(keys: readonly string[]): Promise<(Float32Array | null)[]> {
    return Promise.resolve(
      keys.map((key) => {
        const vector = this.#vectors.get(key)
        if (vector === undefined) return null
        this.#vectors.delete(key)
        this.#vectors.set(key, vector)
        return vector
      }),
    )
  }

  put(entries: readonly (readonly [string, Float32Array])[]): Promise<void> {
    for (const [key, vector] of entries) {
      this.#vectors.delete(key)
      this.#vectors.set(key, vector)
    }
    for (const key of this.#vectors.keys()) {
      if (this.#vectors.size <= this.#maxEntries) break
      this.#vectors.delete(key)
    }
    return Promise.resolve()
  }

  deleteAll(prefix: string): Promise<void> {
    for (const key of [...this.#vectors.keys()]) if (key.startsWith(prefix)) this.#vectors.delete(key)
    return Promise.resolve()
  }

  count(): Promise<number> {
    return Promise.resolve(this.#vectors.size)
  }
}
