/** Adds up the progress of a model's files, which are read side by side. */

import type { ModelRecipe } from '../models/recipe.ts'
import type { ProgressEvent } from '../rpc/protocol.ts'

interface FileProgress {
  loaded: number
  total: number
}

/** The running sums of one load. */
export class DownloadProgress {
  /** `network` as soon as one graph came from there. */
  source: 'network' | 'store' = 'store'
  readonly #recipe: ModelRecipe
  readonly #emit: (progress: ProgressEvent) => void
  readonly #files = new Map<string, FileProgress>()

  constructor(recipe: ModelRecipe, emit: (progress: ProgressEvent) => void) {
    this.#recipe = recipe
    this.#emit = emit
  }

  /** Bytes read so far. */
  get bytes(): number {
    return this.#sum('loaded')
  }

  /** Files that will be read, so that the whole is known from the first event on. */
  expect(files: readonly string[]): void {
    for (const file of files) this.#files.set(file, { loaded: 0, total: this.#bytesOf(file) })
  }

  /** Of several graphs only one is read: forgets those that were expected in its place. */
  #keepOneGraph(file: string): void {
    const graphs = this.#recipe.variants.map((variant) => variant.file)
    if (!graphs.includes(file)) return
    for (const other of graphs)
      if (other !== file && this.#files.get(other)?.loaded === 0) this.#files.delete(other)
  }

  #bytesOf(file: string): number {
    return this.#recipe.files.find(({ path }) => path === file)?.bytes ?? 0
  }

  /** The progress callback of one file. */
  of(file: string): (loaded: number, total: number) => void {
    this.#keepOneGraph(file)
    this.#files.set(file, { loaded: 0, total: this.#bytesOf(file) })
    return (loaded, total) => {
      this.#files.set(file, { loaded, total })
      this.#emit({
        type: 'download',
        model: this.#recipe.id,
        file,
        loaded,
        total,
        loadedAll: this.#sum('loaded'),
        totalAll: this.#sum('total'),
      })
    }
  }

  #sum(key: keyof FileProgress): number {
    let sum = 0
    for (const file of this.#files.values()) sum += file[key]
    return sum
  }
}
