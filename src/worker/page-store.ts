import type { ModelStore, StoredEntry, StoredFile, StoredRecord } from '../models/store.ts'
import { readRecord } from '../models/stored-record.ts'
import type { StoreAnswer, StoreCall } from '../rpc/store-protocol.ts'

/** Milliseconds for one call: some hundred megabytes on a slow disk. */
const DEADLINE = 60_000

interface Pending {
  resolve: (value: unknown) => void
  reject: (error: Error) => void
}

/**
 * The store that the page brought, reached over a port. It may throw, hang or answer anything: every call here settles
 * with what the interface promises, or rejects. A store that hung once is not asked again.
 */
export class PageStore implements ModelStore {
  readonly #port: MessagePort
  readonly #deadline: number
  readonly #pending = new Map<number, Pending>()
  #calls = 0
  #dead: Error | null = null

  /** @param deadline milliseconds for one call */
  constructor(port: MessagePort, deadline = DEADLINE) {
    this.#port = port
    this.#deadline = deadline
    port.onmessage = ({ data }: MessageEvent<StoreAnswer>) => {
      const pending = this.#pending.get(data.id)
      if (data.ok) pending?.resolve(data.value)
      else pending?.reject(new Error(data.reason))
    }
    port.onmessageerror = () => {
      this.#die('its answer could not be read')
    }
  }

  async get(url: string): Promise<StoredFile | null> {
    const file = await this.#call('get', [url])
    if (file === null || file === undefined) return null
    const { bytes, record } = Object(file) as Record<string, unknown>
    if (!(bytes instanceof ArrayBuffer))
      throw new Error('get answered with no file: bytes must be an ArrayBuffer')
    return { bytes, record: readRecord(record) }
  }

  async put(url: string, bytes: ArrayBuffer, record: StoredRecord): Promise<void> {
    await this.#call('put', [url, bytes, record])
  }

  async delete(url: string): Promise<boolean> {
    return (await this.#call('delete', [url])) === true
  }

  async list(): Promise<StoredEntry[]> {
    const entries = await this.#call('list', [])
    if (!Array.isArray(entries)) throw new Error('list answered with no array')
    return entries.map((entry: unknown) => {
      const { url, bytes, record } = Object(entry) as Record<string, unknown>
      if (typeof url !== 'string') throw new Error('list answered with an entry without a url')
      return { url, bytes: typeof bytes === 'number' ? bytes : 0, record: readRecord(record) }
    })
  }

  async #call(method: StoreCall['method'], given: readonly unknown[]): Promise<unknown> {
    if (this.#dead !== null) throw this.#dead
    const id = this.#calls++
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const timer = setTimeout(() => {
      this.#die(`it did not answer ${method} within ${String(this.#deadline)} ms`)
    }, this.#deadline)
    this.#pending.set(id, { resolve, reject })
    try {
      // Throws where a file cannot be sent: then nothing was asked, and no answer is waited for.
      this.#port.postMessage({ id, method, arguments: given } satisfies StoreCall)
      return await promise
    } finally {
      clearTimeout(timer)
      this.#pending.delete(id)
    }
  }

  #die(reason: string): void {
    this.#dead = new Error(reason)
    for (const { reject } of this.#pending.values()) reject(this.#dead)
    this.#pending.clear()
    this.#port.close()
  }
}
