/** What was found out of this device's GPUs, model by model, kept across visits. */

import { describeError } from '../rpc/error-codec.ts'
import { completed, deleteFirst, openDatabase, settled } from './indexed-db-requests.ts'

const DATABASE = 'browser-embeddings-gpu'
const STORE = 'records'
const BY_AGE = 'at'

/** A verdict takes 0.5 kB, a known answer up to 16 kB. */
const MOST_RECORDS = 200

/** Anything that can be cloned; `at`: Unix time in milliseconds, the oldest go first. */
export interface GpuRecord {
  at: number
}

/** Records by key; a database where there is one, else this worker's memory. */
export class GpuRecords {
  /** Why nothing is kept for the next visit though that was asked for; null otherwise. */
  reason: string | null
  readonly #database: IDBDatabase | null
  /** All of this worker's own; with a database, they still hold where a write failed. */
  readonly #own = new Map<string, GpuRecord>()

  private constructor(database: IDBDatabase | null, reason: string | null) {
    this.#database = database
    this.reason = reason
  }

  /** Never throws: where the browser denies a database, the records live as long as the worker, and `reason` says why. */
  static async open(lasting: boolean): Promise<GpuRecords> {
    if (!lasting) return new GpuRecords(null, null)
    try {
      return new GpuRecords(await openDatabase(DATABASE, STORE, BY_AGE), null)
    } catch (error) {
      return new GpuRecords(null, `the browser denies IndexedDB: ${describeError(error)}`)
    }
  }

  /** Undefined where there is none; what is read is untrusted. */
  async get(key: string): Promise<unknown> {
    const own = this.#own.get(key)
    if (own !== undefined) return own
    return this.#try(undefined, (database) => settled(database.transaction(STORE).objectStore(STORE).get(key)))
  }

  /** Every record whose key begins so, newest first. */
  async under(prefix: string): Promise<unknown[]> {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`)
    const stored = await this.#try<[IDBValidKey, unknown][]>([], async (database) => {
      const store = database.transaction(STORE).objectStore(STORE)
      const [keys, values] = await Promise.all([settled(store.getAllKeys(range)), settled(store.getAll(range))])
      return keys.map((key, index) => [key, values[index]])
    })
    const own = [...this.#own].filter(([key]) => key.startsWith(prefix))
    const all = [...new Map<IDBValidKey, unknown>([...stored, ...own]).values()]
    return all.sort((a, b) => ageOf(b) - ageOf(a))
  }

  async put(key: string, record: GpuRecord): Promise<void> {
    this.#own.set(key, record)
    const [oldest] = this.#own.keys()
    if (this.#own.size > MOST_RECORDS && oldest !== undefined) this.#own.delete(oldest)
    await this.#try(undefined, async (database) => {
      const transaction = database.transaction(STORE, 'readwrite')
      const store = transaction.objectStore(STORE)
      store.put(record, key)
      const counting = store.count()
      counting.onsuccess = () => {
        deleteFirst(store, BY_AGE, counting.result - MOST_RECORDS)
      }
      await completed(transaction)
    })
  }

  /** Deletes every record whose key begins so. */
  async deleteUnder(prefix: string): Promise<void> {
    for (const key of this.#own.keys()) if (key.startsWith(prefix)) this.#own.delete(key)
    await this.#try(undefined, async (database) => {
      const transaction = database.transaction(STORE, 'readwrite')
      transaction.objectStore(STORE).delete(IDBKeyRange.bound(prefix, `${prefix}\uffff`))
      await completed(transaction)
    })
  }

  /** A database that fails later on (closed by another tab, full) leaves this worker's own records. */
  async #try<T>(otherwise: T, use: (database: IDBDatabase) => Promise<T>): Promise<T> {
    if (this.#database === null) return otherwise
    try {
      return await use(this.#database)
    } catch (error) {
      this.reason = `IndexedDB failed: ${describeError(error)}`
      return otherwise
    }
  }
}

function ageOf(record: unknown): number {
  const { at } = (record ?? {}) as { at?: unknown }
  return typeof at === 'number' ? at : 0
}
