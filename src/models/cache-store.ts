import type { ModelStore } from './store.ts'

/** Bump when what is stored under an address changes its meaning. */
export const CACHE_NAME = 'browser-embeddings-v1'

/**
 * Keeps files in the Cache API. A put is atomic there: a browser that dies in the middle leaves no entry.
 *
 * @param caches `globalThis.caches`; absent on insecure origins
 */
export class CacheStore implements ModelStore {
  readonly kind = 'cache'
  readonly #cache: Cache

  private constructor(cache: Cache) {
    this.#cache = cache
  }

  /** @throws DOMException where the browser denies storage (private windows of some browsers) */
  static async open(caches: CacheStorage): Promise<CacheStore> {
    return new CacheStore(await caches.open(CACHE_NAME))
  }

  async get(url: string): Promise<ArrayBuffer | null> {
    const response = await this.#cache.match(url)
    return response === undefined ? null : response.arrayBuffer()
  }

  async put(url: string, bytes: ArrayBuffer): Promise<void> {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(bytes.byteLength) }
    await this.#cache.put(url, new Response(bytes, { headers }))
  }

  delete(url: string): Promise<boolean> {
    return this.#cache.delete(url)
  }

  async keys(): Promise<string[]> {
    return (await this.#cache.keys()).map((request) => request.url)
  }
}
