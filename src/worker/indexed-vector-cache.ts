import { completed, deleteFirst, openDatabase, settled } from './indexed-db-requests.ts'
import type { VectorCache } from './vector-cache.ts'

const DATABASE = 'browser-embeddings-vectors'
const STORE = 'vectors'
const BY_USE = 'used'

interface Entry {
  vector: Float32Array
  /** Milliseconds since 1970, raised by fractions so that no two are equal in one worker. */
  used: number
}

/** Keeps vectors in IndexedDB, shared by every tab of the origin. */
export class IndexedVectorCache implements VectorCache {
  readonly kind = 'indexeddb'
  readonly #database: IDBDatabase
  readonly #maxEntries: number
  #lastUse = 0

  private constructor(database: IDBDatabase, maxEntries: number) {
    this.#database = database
    this.#maxEntries = maxEntries
  }

  /** @throws DOMException as `openDatabase` does */
  static async open(maxEntries: number): Promise<IndexedVectorCache> {
    return new IndexedVectorCache(await openDatabase(DATABASE, STORE, BY_USE), maxEntries)
  }

  async get(keys: readonly string[]): Promise<(Float32Array | null)[]> {
    const transaction = this.#database.transaction(STORE, 'readwrite')
    const store = transaction.objectStore(STORE)
    const entries = await Promise.all(
      keys.map(async (key) => {
        const entry = (await settled(store.get(key))) as Entry | undefined
        if (entry === undefined) return null
        store.put({ ...entry, used: this.#now() } satisfies Entry, key)
        return entry.vector
      }),
    )
    await completed(transaction)
    return entries
  }

  async put(entries: readonly (readonly [string, Float32Array])[]): Promise<void> {
    const transaction = this.#database.transaction(STORE, 'readwrite')
    const store = transaction.objectStore(STORE)
    for (const [key, vector] of entries) store.put({ vector, used: this.#now() } satisfies Entry, key)
    const counting = store.count()
    counting.onsuccess = () => {
      deleteFirst(store, BY_USE, counting.result - this.#maxEntries)
    }
    await completed(transaction)
  }

  async deleteAll(prefix: string): Promise<void> {
    const transaction = this.#database.transaction(STORE, 'readwrite')
    transaction.objectStore(STORE).delete(IDBKeyRange.bound(prefix, `${prefix}\uffff`))
    await completed(transaction)
  }

  count(): Promise<number> {
    return settled(this.#database.transaction(STORE).objectStore(STORE).count())
  }

  #now(): number {
    this.#lastUse = Math.max(Date.now(), this.#lastUse + 0.001)
    return this.#lastUse
  }
}
