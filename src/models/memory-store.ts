import type { ModelStore } from './store.ts'

/** Keeps files for as long as the worker lives: where the browser denies storage, or by choice. */
export class MemoryStore implements ModelStore {
  readonly kind = 'memory'
  readonly #files = new Map<string, ArrayBuffer>()

  get(url: string): Promise<ArrayBuffer | null> {
    // A copy: the caller may transfer what it gets.
    return Promise.resolve(this.#files.get(url)?.slice(0) ?? null)
  }

  put(url: string, bytes: ArrayBuffer): Promise<void> {
    this.#files.set(url, bytes.slice(0))
    return Promise.resolve()
  }

  delete(url: string): Promise<boolean> {
    return Promise.resolve(this.#files.delete(url))
  }

  keys(): Promise<string[]> {
    return Promise.resolve([...this.#files.keys()])
  }
}
