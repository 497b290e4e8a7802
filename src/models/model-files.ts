/** Files by address: from the store first, then over the network, verified either way. */

import { EmbeddingsError } from '../openai/errors.ts'
import { downloadFile, verifyBytes } from './download.ts'
import { withFileLock } from './file-lock.ts'
import { MemoryStore } from './memory-store.ts'
import type { OpenedStore } from './open-store.ts'
import type { FileRecord } from './recipe.ts'
import type { ModelStore } from './store.ts'

export interface ReadOptions {
  signal: AbortSignal
  onProgress: (loaded: number, total: number) => void
}

export interface ReadResult {
  bytes: ArrayBuffer
  source: 'store' | 'network'
}

/** Where files are kept. */
export interface StorageState {
  kind: ModelStore['kind']
  /** Why only in memory where that was not asked for; null otherwise. */
  reason: string | null
}

/** The files of one client's models. */
export class ModelFiles {
  readonly #opened: OpenedStore
  /** Files that the lasting store had no room for. */
  readonly #overflow = new MemoryStore()
  #storageReason: string | null

  constructor(opened: OpenedStore) {
    this.#opened = opened
    this.#storageReason = opened.reason
  }

  get storage(): StorageState {
    return { kind: this.#storageReason === null ? this.#opened.store.kind : 'memory', reason: this.#storageReason }
  }

  /** Addresses of the files in the lasting store. */
  async stored(): Promise<ReadonlySet<string>> {
    return new Set(await this.#opened.store.keys())
  }

  /**
   * One file. Of several tabs that want the same one, one downloads it and the others take it from the store.
   *
   * @param record size and hash to check; undefined: the server's word is taken
   * @throws EmbeddingsError as `downloadFile` does
   */
  async read(url: string, record: FileRecord | undefined, options: ReadOptions): Promise<ReadResult> {
    const stored = await this.#readStored(url, record, options)
    if (stored !== null) return { bytes: stored, source: 'store' }
    if (this.#opened.store.kind === 'memory') return this.#download(url, record, options)
    return withFileLock(url, options.signal, async () => {
      const meanwhile = await this.#readStored(url, record, options)
      return meanwhile === null ? this.#download(url, record, options) : { bytes: meanwhile, source: 'store' }
    })
  }

  async #download(url: string, record: FileRecord | undefined, options: ReadOptions): Promise<ReadResult> {
    const bytes = await downloadFile(url, { ...options, record })
    await this.#keep(url, bytes)
    return { bytes, source: 'network' }
  }

  async #readStored(url: string, record: FileRecord | undefined, options: ReadOptions): Promise<ArrayBuffer | null> {
    const bytes = (await this.#overflow.get(url)) ?? (await this.#opened.store.get(url))
    options.signal.throwIfAborted()
    if (bytes === null) return null
    try {
      await verifyBytes(url, bytes, record)
    } catch (error) {
      if (!(error instanceof EmbeddingsError) || error.code === 'unsupported_environment') throw error
      // Damaged on disk, or of an older manifest: dropped here and fetched again by the caller, once.
      await this.#opened.store.delete(url)
      return null
    }
    options.onProgress(bytes.byteLength, bytes.byteLength)
    return bytes
  }

  async #keep(url: string, bytes: ArrayBuffer): Promise<void> {
    try {
      await this.#opened.store.put(url, bytes)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#storageReason = `the browser could not store ${url}: ${reason}`
      await this.#overflow.put(url, bytes)
    }
  }

  /** Deletes every file whose address begins with one of the prefixes. */
  async deleteUnder(prefixes: readonly string[]): Promise<void> {
    for (const store of [this.#opened.store, this.#overflow]) {
      for (const url of await store.keys()) {
        if (prefixes.some((prefix) => url.startsWith(prefix))) await store.delete(url)
      }
    }
  }
}
