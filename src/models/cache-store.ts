import type { ModelStore, StoredEntry, StoredFile, StoredRecord } from './store.ts'
import { parseRecord } from './stored-record.ts'

/** Bump when what is stored under an address changes its meaning. */
export const CACHE_NAME = 'browser-embeddings-v1'

/** Holds the record, as JSON. */
const RECORD_HEADER = 'x-stored-record'

/**
 * Keeps files in the Cache API, each with its record in a header. A put is atomic there: a browser that dies in the
 * middle leaves no entry.
 */
export class CacheStore implements ModelStore {
  readonly #cache: Cache

  private constructor(cache: Cache) {
    this.#cache = cache
  }

  /**
   * @param caches `globalThis.caches`
   * @throws DOMException where the browser denies storage (private windows of some browsers)
   */
  static async open(caches: CacheStorage): Promise<CacheStore> {
    return new CacheStore(await caches.open(CACHE_NAME))
  }

  async get(url: string): Promise<StoredFile | null> {
    const response = await this.#cache.match(url)
    if (response === undefined) return null
    // By way of a blob: Chromium reads it into place, and an answer's body in pieces that it joins then (33 for 54 ms of 23 MB).
    return { bytes: await (await response.blob()).arrayBuffer(), record: recordOf(response) }
  }

  async put(url: string, bytes: ArrayBuffer, record: StoredRecord): Promise<void> {
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(bytes.byteLength),
      [RECORD_HEADER]: JSON.stringify(record),
    }
    await this.#cache.put(url, new Response(bytes, { headers }))
  }

  delete(url: string): Promise<boolean> {
    return this.#cache.delete(url)
  }

  async list(): Promise<StoredEntry[]> {
    const requests = await this.#cache.keys()
    const entries = await Promise.all(
      requests.map(async ({ url }) => {
        const response = await this.#cache.match(url)
        // Deleted meanwhile by another tab.
        if (response === undefined) return []
        const record = recordOf(response)
        return [{ url, bytes: record?.bytes ?? Number(response.headers.get('content-length') ?? 0), record }]
      }),
    )
    return entries.flat()
  }
}

/**
 * Names of the caches of this origin that are other software's; none where there is no Cache API or the browser denies
 * it, of which `openStore` tells the page.
 */
export async function otherCacheNames(): Promise<string[]> {
  // Absent on insecure origins, whatever the types say.
  const { caches } = globalThis as { caches?: CacheStorage }
  try {
    return ((await caches?.keys()) ?? []).filter((name) => name !== CACHE_NAME)
  } catch (error) {
    if (!(error instanceof DOMException)) throw error
    return []
  }
}

function recordOf(response: Response): StoredRecord | null {
  return parseRecord(response.headers.get(RECORD_HEADER))
}
