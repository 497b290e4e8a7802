/** A model's folder on a server, with the files of it that are stored taken from there. */

import { EmbeddingsError } from '../openai/errors.ts'
import { isOnServer } from './download.ts'
import { fileUrl } from './hub-layout.ts'
import type { ModelFiles } from './model-files.ts'
import type { ModelFolder } from './model-folder.ts'
import type { FileRecord } from './recipe.ts'
import { parseJson } from './verify.ts'

/** Where a folder is, and on whose behalf it is read. */
export interface ServedFolderOptions {
  path: string
  revision: string
  files: ReadonlyMap<string, FileRecord> | null
  /** Address of one file of it. */
  url: (file: string) => string
  store: ModelFiles
  /** The model that what is read counts for; its own folder, or that of one made from it. */
  model: string
  /** Addresses of the files in the store. */
  stored: ReadonlySet<string>
  /** Whether a stored graph may stand for a whole model. */
  mayBeComplete: boolean
  signal: AbortSignal
}

/** What a model needs of its folder, over the network or from the store. */
export class ServedFolder implements ModelFolder {
  readonly path: string
  readonly revision: string
  readonly files: ReadonlyMap<string, FileRecord> | null
  /** A graph of it is stored and the server told no list: what is stored is all that it needs, and nothing is asked for. */
  readonly complete: boolean
  readonly #options: ServedFolderOptions

  constructor(options: ServedFolderOptions) {
    this.path = options.path
    this.revision = options.revision
    this.files = options.files
    this.#options = options
    const graphs = options.url('onnx/')
    this.complete =
      options.mayBeComplete &&
      options.files === null &&
      [...options.stored].some((url) => url.startsWith(graphs) && url.endsWith('.onnx'))
  }

  async json(path: string): Promise<unknown> {
    const { stored, url } = this.#options
    const expected = this.files?.get(path)
    if ((this.files !== null && expected === undefined) || (this.complete && !stored.has(url(path)))) return undefined
    const bytes = await this.read(path)
    return bytes === null ? undefined : parseJson(url(path), bytes)
  }

  has(path: string): Promise<boolean> {
    const { stored, url, signal } = this.#options
    if (this.files !== null) return Promise.resolve(this.files.has(path))
    return this.complete || stored.has(url(path)) ? Promise.resolve(stored.has(url(path))) : isOnServer(url(path), signal)
  }

  /** Whether a file of it is stored. */
  keeps(path: string): boolean {
    return this.#options.stored.has(this.#options.url(path))
  }

  /** One file, small; null when the server does not have it. */
  async read(path: string): Promise<ArrayBuffer | null> {
    const { store, url, model, signal } = this.#options
    const request = { url: url(path), model, expected: this.files?.get(path), trust: 'hub' } as const
    try {
      return (await store.read(request, { signal, onProgress: () => undefined })).bytes
    } catch (error) {
      if (error instanceof EmbeddingsError && error.code === 'model_file_not_found') return null
      throw error
    }
  }
}

/** Where all folders are, for one attempt to find out what a model is. */
export class FolderServer {
  readonly store: ModelFiles
  readonly signal: AbortSignal
  readonly #modelsUrl: string | null
  readonly #stored: ReadonlySet<string>
  readonly #mayBeComplete: boolean
  #relied = false

  /**
   * @param modelsUrl absolute, ending in `/`; null: the hub
   * @param stored addresses of the files in the store
   * @param mayBeComplete whether a stored graph may stand for a whole model, so that nothing else is asked for
   */
  constructor(
    modelsUrl: string | null,
    store: ModelFiles,
    stored: ReadonlySet<string>,
    mayBeComplete: boolean,
    signal: AbortSignal,
  ) {
    this.#modelsUrl = modelsUrl
    this.#stored = stored
    this.#mayBeComplete = mayBeComplete
    this.store = store
    this.signal = signal
  }

  /** Whether a stored graph has stood for a whole model. */
  get reliedOnStore(): boolean {
    return this.#relied
  }

  /** Whether a file is stored. */
  keeps(url: string): boolean {
    return this.#stored.has(url)
  }

  /**
   * One folder.
   *
   * @param files null: no list is known
   * @param model the model that what is read counts for
   */
  open(path: string, revision: string, files: ServedFolder['files'], model: string): ServedFolder {
    const url = (file: string): string => fileUrl(this.#modelsUrl, path, revision, file)
    const { store, signal } = this
    const [stored, mayBeComplete] = [this.#stored, this.#mayBeComplete]
    const folder = new ServedFolder({ path, revision, files, url, store, model, stored, mayBeComplete, signal })
    this.#relied ||= folder.complete
    return folder
  }
}
