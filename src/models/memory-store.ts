import type { ModelStore, StoredEntry, StoredFile, StoredRecord } from './store.ts'

/** Keeps files for as long as the worker lives: where the browser denies storage, or by choice. */
export class MemoryStore implements ModelStore {
  readonly #files = new Map<string, { bytes: ArrayBuffer; record: StoredRecord }>()

  get(url: string): Promise<StoredFile | null> {
    const file = this.#files.get(url)
    // A copy: the caller may transfer what it gets.
    return Promise.resolve(file === undefined ? null : { ...file, bytes: file.bytes.slice(0) })
  }

  put(url: string, bytes: ArrayBuffer, record: StoredRecord): Promise<void> {
    this.#files.set(url, { bytes: bytes.slice(0), record })
    return Promise.resolve()
  }

  delete(url: string): Promise<boolean> {
    return Promise.resolve(this.#files.delete(url))
  }

  list(): Promise<StoredEntry[]> {
    const files = [...this.#files]
    return Promise.resolve(files.map(([url, { bytes, record }]) => ({ url, bytes: bytes.byteLength, record })))
  }
}
