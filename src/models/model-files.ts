/** Files by address: from the store first, then over the network, verified either way. */

import { EmbeddingsError } from '../openai/errors.ts'
import { otherCacheNames } from './cache-store.ts'
import { downloadFile } from './download.ts'
import { withFileLock } from './file-lock.ts'
import { hashBytes } from './hash.ts'
import { MemoryStore } from './memory-store.ts'
import type { OpenedStore } from './open-store.ts'
import type { ModelStore, StoredEntry, StoredFile, StoredRecord, StoreKind } from './store.ts'
import { ownersOf } from './stored-record.ts'
import { checkWhole, verifyBytes, type Expected } from './verify.ts'

/** A file that is wanted. */
export interface FileRequest {
  url: string
  /** Folder of the model that it belongs to. */
  model: string
  /** Size and hash to check; undefined: what was recorded when the file was first kept. */
  expected: Expected | undefined
  /** The hub's address of the same file, under which other software may have kept it. */
  hubUrl?: string
  /** Who named the hash that is expected. @default 'manifest' */
  trust?: 'manifest' | 'hub'
}

export interface ReadOptions {
  signal: AbortSignal
  onProgress: (loaded: number, total: number) => void
}

export interface ReadResult {
  bytes: ArrayBuffer
  source: 'store' | 'network'
}

/** Whether a file is that of a model. @param owner who it was read for; null: an earlier version did not note it */
export type Belongs = (url: string, owner: string | null) => boolean

/** Where files are kept. */
export interface StorageState {
  kind: StoreKind
  /** Why not where files should be kept, or the store's last fault; null otherwise. */
  reason: string | null
}

/** The files of one client's models. */
export class ModelFiles {
  readonly #opened: OpenedStore
  /** Files that the lasting store had no room for. */
  readonly #overflow = new MemoryStore()
  readonly #reading = new Map<Promise<unknown>, FileRequest>()
  /** The store's last fault. */
  #fault: string | null = null
  #overflowed = false

  constructor(opened: OpenedStore) {
    this.#opened = opened
  }

  get storage(): StorageState {
    const { kind, reason } = this.#opened
    return { kind: this.#overflowed ? 'memory' : kind, reason: this.#fault ?? reason }
  }

  /** Addresses of the files in the store. */
  async stored(): Promise<ReadonlySet<string>> {
    return new Set((await this.inventory()).map(({ url }) => url))
  }

  /** What is in the store; nothing where it cannot be read. */
  async inventory(): Promise<readonly StoredEntry[]> {
    try {
      return await this.#opened.store.list()
    } catch (error) {
      this.#note('list its files', error)
      return []
    }
  }

  /**
   * One file. Of several tabs that want the same one, one downloads it and the others take it from the store.
   *
   * @throws EmbeddingsError as `downloadFile` does
   */
  async read(file: FileRequest, options: ReadOptions): Promise<ReadResult> {
    const reading = this.#read(file, options)
    this.#reading.set(reading, file)
    try {
      return await reading
    } finally {
      this.#reading.delete(reading)
    }
  }

  async #read(file: FileRequest, options: ReadOptions): Promise<ReadResult> {
    const stored = (await this.#readStored(file, options)) ?? (await this.#readOther(file, options))
    if (stored !== null) return { bytes: stored, source: 'store' }
    if (this.#opened.kind === 'memory') return this.#download(file, options)
    return withFileLock(file.url, options.signal, async () => {
      const meanwhile = await this.#readStored(file, options)
      return meanwhile === null ? this.#download(file, options) : { bytes: meanwhile, source: 'store' }
    })
  }

  async #download(file: FileRequest, options: ReadOptions): Promise<ReadResult> {
    const { bytes, sha256, etag, vouched } = await downloadFile(file.url, { ...options, expected: file.expected })
    const trust = file.expected === undefined ? (vouched ? 'hub' : 'first use') : (file.trust ?? 'manifest')
    await this.#keep(file.url, bytes, { bytes: bytes.byteLength, sha256, etag, trust, model: file.model })
    return { bytes, source: 'network' }
  }

  /** A file of the store that is what it should be. One that is not is dropped, so that the caller fetches it anew. */
  async #readStored(file: FileRequest, options: ReadOptions): Promise<ArrayBuffer | null> {
    const found = (await this.#overflow.get(file.url)) ?? (await this.#getStored(file.url))
    options.signal.throwIfAborted()
    if (found === null) return null
    const { bytes, record } = found
    const expected = file.expected ?? record ?? undefined
    try {
      if (expected === undefined) {
        // Kept by an earlier version: it gets its record now.
        checkWhole(file.url, bytes)
        await this.#keepFirst(file, bytes)
      } else await verifyBytes(file.url, bytes, expected)
      if (record !== null && !ownersOf(record).includes(file.model)) {
        // Or it would go with the model that it was first read for.
        await this.#keep(file.url, bytes, { ...record, model: `${record.model} ${file.model}` })
      }
    } catch (error) {
      if (!(error instanceof EmbeddingsError)) throw error
      await this.drop(file.url)
      return null
    }
    options.onProgress(bytes.byteLength, bytes.byteLength)
    return bytes
  }

  /** A file that other software keeps; copied only where nothing but a record of ours could tell damage later on. */
  async #readOther(file: FileRequest, options: ReadOptions): Promise<ArrayBuffer | null> {
    const others = await otherCacheNames()
    if (others.length === 0) return null
    const bytes = await this.#lookElsewhere(file, others)
    options.signal.throwIfAborted()
    if (bytes === null) return null
    if (file.expected === undefined) await this.#keepFirst(file, bytes)
    options.onProgress(bytes.byteLength, bytes.byteLength)
    return bytes
  }

  async #lookElsewhere(
    { url, expected, hubUrl }: FileRequest,
    others: readonly string[],
  ): Promise<ArrayBuffer | null> {
    try {
      const { readOtherCaches } = await import('./other-caches.ts')
      return await readOtherCaches({ url, expected, hubUrl: hubUrl ?? null }, others)
    } catch (error) {
      // The file's own server is asked then.
      this.#note('look into the caches of other software', error)
      return null
    }
  }

  async #getStored(url: string): Promise<StoredFile | null> {
    try {
      return await this.#opened.store.get(url)
    } catch (error) {
      this.#note(`read ${url}`, error)
      return null
    }
  }

  /** Keeps a file of which nobody said what it must be. */
  async #keepFirst({ url, model }: FileRequest, bytes: ArrayBuffer): Promise<void> {
    const sha256 = await hashBytes(bytes)
    await this.#keep(url, bytes, { bytes: bytes.byteLength, sha256, etag: null, trust: 'first use', model })
  }

  async #keep(url: string, bytes: ArrayBuffer, record: StoredRecord): Promise<void> {
    try {
      await this.#opened.store.put(url, bytes, record)
    } catch (error) {
      this.#note(`store ${url}`, error)
      this.#overflowed = true
      await this.#overflow.put(url, bytes, record)
    }
  }

  /** Forgets one file: damaged, or of another version than its model. */
  async drop(url: string): Promise<void> {
    await this.#overflow.delete(url)
    try {
      await this.#opened.store.delete(url)
    } catch (error) {
      this.#note(`delete ${url}`, error)
    }
  }

  /** Drops a stored description of a model, as the server has another by now; `storage` tells of it. */
  async dropOutdated(url: string): Promise<void> {
    await this.drop(url)
    this.#fault = `${url} was stored long ago and outdated: fetched anew`
  }

  #note(what: string, error: unknown): void {
    this.#fault = `${this.#owner} could not ${what}: ${textOf(error)}`
  }

  get #owner(): string {
    return this.#opened.kind === 'page' ? "the page's own store" : 'the browser'
  }

  /**
   * Deletes every file that `belongs` picks, also those that are just being read, but what another model has read too.
   *
   * @throws EmbeddingsError `inference_failed` when the store refuses
   */
  async deleteAll(belongs: Belongs): Promise<void> {
    // Otherwise a download that ends just now would be kept after its model was deleted.
    const reading = [...this.#reading].filter(([, { url, model }]) => belongs(url, model))
    await Promise.allSettled(reading.map(([promise]) => promise))
    for (const store of [this.#opened.store, this.#overflow]) {
      try {
        for (const entry of await store.list()) await deleteFor(store, entry, belongs)
      } catch (cause) {
        const message = `${this.#owner} could not delete the files: ${textOf(cause)}`
        throw new EmbeddingsError('inference_failed', `${message}.`, { cause })
      }
    }
  }
}

async function deleteFor(store: ModelStore, { url, record }: StoredEntry, belongs: Belongs): Promise<void> {
  const owners = ownersOf(record)
  const others = owners.filter((owner) => !belongs(url, owner))
  if (others.length === owners.length) return
  const file = others.length === 0 ? null : await store.get(url)
  if (file === null || record === null) await store.delete(url)
  else await store.put(url, file.bytes, { ...record, model: others.join(' ') })
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
