/** Finds recipes and the files that they name. */

import { EmbeddingsError } from '../openai/errors.ts'
import { CATALOG, ORIGINAL_NAMES } from './catalog.ts'
import { isOnServer } from './download.ts'
import { fileUrl, HUB_URL, isModelId, modelFolder } from './hub-layout.ts'
import { parseManifest } from './manifest.ts'
import { ModelFiles, type ReadOptions, type ReadResult, type StorageState } from './model-files.ts'
import { OWN_GRAPHS } from './own-files.ts'
import { readOwnRecipe } from './own-folder.ts'
import type { ModelRecipe } from './recipe.ts'
import type { OpenedStore } from './open-store.ts'
import type { StoredEntry } from './store.ts'
import { UNAVAILABLE } from './unavailable.ts'
import { parseJson } from './verify.ts'

export interface RepositoryOptions {
  /** Absolute, ending in `/`; null: the hub. */
  modelsUrl: string | null
  /** Recipes registered by the page; they come before the catalogue. */
  recipes: readonly ModelRecipe[]
  aliases: Readonly<Record<string, string>>
}

/** What of one model is in the store. */
export interface ModelUsage {
  /** No more than names where files are all that is known of it. */
  recipe: ModelRecipe | Pick<ModelRecipe, 'id' | 'path'>
  files: number
  bytes: number
}

const IGNORE_PROGRESS = (): void => undefined

/** The models of one client: where they are and what is known of them. */
export class ModelRepository {
  readonly #options: RepositoryOptions
  readonly #files: ModelFiles

  constructor(options: RepositoryOptions, opened: OpenedStore) {
    this.#options = options
    this.#files = new ModelFiles(opened)
  }

  /** Where files are kept, and why only in memory where that was not asked for. */
  get storage(): StorageState {
    return this.#files.storage
  }

  /** The id behind an alias, or the id itself. */
  canonicalId(id: string): string {
    const { aliases } = this.#options
    return Object.hasOwn(aliases, id) ? (aliases[id] ?? id) : id
  }

  /** Recipes known without any request: those of the page, then the catalogue's. */
  known(): ModelRecipe[] {
    const own = new Set(this.#options.recipes.map((recipe) => recipe.id))
    return [...this.#options.recipes, ...CATALOG.filter((recipe) => !own.has(recipe.id))]
  }

  #findKnown(id: string): ModelRecipe | undefined {
    const known = this.known()
    const original = Object.hasOwn(ORIGINAL_NAMES, id) ? ORIGINAL_NAMES[id] : undefined
    const recipe =
      known.find((candidate) => candidate.id === id) ??
      known.find((candidate) => candidate.path === id) ??
      known.find((candidate) => candidate.id === original)
    return recipe === undefined ? undefined : { ...recipe, id }
  }

  /**
   * The recipe of a model: registered by the page, from the model's own `manifest.json`, from the catalogue, or from the
   * other files in the model's folder.
   *
   * @param id canonical id
   * @throws EmbeddingsError `model_not_found`, `model_unreachable`, `bad_model_file`; the signal's reason
   */
  async resolve(id: string, signal: AbortSignal): Promise<ModelRecipe> {
    if (!isModelId(id)) throw notFound(id, this.known())
    const registered = this.#options.recipes.find((recipe) => recipe.id === id)
    if (registered !== undefined) return registered
    const known = this.#findKnown(id)
    if (this.#options.modelsUrl === null) {
      if (known === undefined) throw notFound(id, this.known())
      return known
    }
    const stored = await this.#files.stored()
    if (!this.#runsFromStore(id, known, stored)) {
      const manifest = await this.#readManifest(id, signal)
      if (manifest !== null) return manifest
    }
    const recipe = known ?? (await this.#readOwnFiles(id, signal, stored))
    if (recipe === null) throw notFound(id, this.known())
    return recipe
  }

  /** True when a graph is stored that was found without a manifest: then none is asked for, nor any other file. */
  #runsFromStore(id: string, known: ModelRecipe | undefined, stored: ReadonlySet<string>): boolean {
    if (stored.has(this.#url(id, 'main', 'manifest.json'))) return false
    const { path, revision } = known ?? { path: id, revision: 'main' }
    return (known?.variants.slice(0, 1) ?? OWN_GRAPHS).some(({ file }) => stored.has(this.#url(path, revision, file)))
  }

  /** Null when the model's folder has no `config.json`. */
  #readOwnFiles(id: string, signal: AbortSignal, stored: ReadonlySet<string>): Promise<ModelRecipe | null> {
    const complete = this.#runsFromStore(id, undefined, stored)
    return readOwnRecipe(id, {
      json: async (path) => {
        const url = this.#url(id, 'main', path)
        if (complete && !stored.has(url)) return undefined
        const bytes = await this.#readIfThere(id, url, signal)
        return bytes === null ? undefined : parseJson(url, bytes)
      },
      has: (path) => {
        const url = this.#url(id, 'main', path)
        return complete ? Promise.resolve(stored.has(url)) : isOnServer(url, signal)
      },
    })
  }

  #url(path: string, revision: string, file: string): string {
    return fileUrl(this.#options.modelsUrl, path, revision, file)
  }

  /** Null when the server does not have the file. */
  async #readIfThere(model: string, url: string, signal: AbortSignal): Promise<ArrayBuffer | null> {
    try {
      const options = { signal, onProgress: IGNORE_PROGRESS }
      return (await this.#files.read({ url, model, expected: undefined }, options)).bytes
    } catch (error) {
      if (error instanceof EmbeddingsError && error.code === 'model_file_not_found') return null
      throw error
    }
  }

  /** Null when the model's folder has no manifest. */
  async #readManifest(id: string, signal: AbortSignal): Promise<ModelRecipe | null> {
    const url = this.#url(id, 'main', 'manifest.json')
    const bytes = await this.#readIfThere(id, url, signal)
    if (bytes === null) return null
    const recipe = parseManifest(parseJson(url, bytes))
    if (recipe.id !== id) {
      throw new EmbeddingsError('bad_model_file', `${url} is the manifest of ${recipe.id}, not of ${id}.`)
    }
    return recipe
  }

  /**
   * One file of a model.
   *
   * @throws EmbeddingsError as `downloadFile` does
   */
  async readFile(recipe: ModelRecipe, path: string, options: ReadOptions): Promise<ReadResult> {
    const expected = recipe.files.find((file) => file.path === path)
    const url = this.#url(recipe.path, recipe.revision, path)
    return this.#files.read({ url, model: recipe.path, expected }, options)
  }

  /** One JSON file of a model. @throws EmbeddingsError `bad_model_file` when it is no JSON; as `readFile` does */
  async readJson(recipe: ModelRecipe, path: string, options: ReadOptions): Promise<unknown> {
    const { bytes } = await this.readFile(recipe, path, options)
    return parseJson(this.#url(recipe.path, recipe.revision, path), bytes)
  }

  /** Deletes the stored files of a model, of all its revisions, and nothing else. */
  async delete(recipe: ModelRecipe): Promise<void> {
    await this.#files.deleteAll((entry) => this.#belongs(entry, recipe))
  }

  /** What of each model is in the store: those known without a request, then the others that have files there. */
  async usage(): Promise<ModelUsage[]> {
    const entries = await this.#files.inventory()
    const known = this.known().map((recipe) => this.#usageOf(recipe, entries))
    const base = this.#options.modelsUrl ?? HUB_URL
    const others = new Set<string>()
    for (const { url, record } of entries) {
      if (record !== null && url.startsWith(base) && !known.some(({ recipe }) => isNamed(recipe, record.model))) {
        others.add(record.model)
      }
    }
    return [...known, ...[...others].map((id) => this.#usageOf({ id, path: id }, entries))]
  }

  /** What of one model is in the store. */
  async usageOf(recipe: ModelRecipe): Promise<ModelUsage> {
    return this.#usageOf(recipe, await this.#files.inventory())
  }

  #usageOf(recipe: ModelUsage['recipe'], entries: readonly StoredEntry[]): ModelUsage {
    const own = entries.filter((entry) => this.#belongs(entry, recipe))
    return { recipe, files: own.length, bytes: own.reduce((sum, { bytes }) => sum + bytes, 0) }
  }

  /** A model's folder may lie inside another's: files say themselves whose they are, unless an earlier version kept them. */
  #belongs(
    { url, record }: Pick<StoredEntry, 'url' | 'record'>,
    { path, id }: Pick<ModelRecipe, 'path' | 'id'>,
  ): boolean {
    return [path, id].some(
      (name) =>
        url.startsWith(modelFolder(this.#options.modelsUrl, name)) && (record === null || record.model === name),
    )
  }
}

function isNamed({ id, path }: Pick<ModelRecipe, 'path' | 'id'>, name: string): boolean {
  return id === name || path === name
}

function notFound(id: string, known: readonly ModelRecipe[]): EmbeddingsError {
  const name = JSON.stringify(id.slice(0, 128))
  const unavailable = Object.hasOwn(UNAVAILABLE, id) ? UNAVAILABLE[id] : undefined
  const message =
    unavailable === undefined
      ? `The model ${name} does not exist here. Known models: ${known.map((recipe) => recipe.id).join(', ')}.`
      : `The model ${name} cannot run here: ${unavailable.reason}. The nearest local model is ${unavailable.nearest}; ` +
        `the option aliases: { ${name}: '${unavailable.nearest}' } runs that under this name.`
  return new EmbeddingsError('model_not_found', message, { param: 'model' })
}
