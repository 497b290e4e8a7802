/** Finds recipes and the files that they name. */

import { EmbeddingsError } from '../openai/errors.ts'
import { CATALOG, findInCatalog } from './catalog.ts'
import { fileUrl, HUB_URL, isModelId, modelFolder } from './hub-layout.ts'
import { ModelFiles, type ReadOptions, type ReadResult, type StorageState } from './model-files.ts'
import type { OpenedStore } from './open-store.ts'
import type { Device, ModelRecipe } from './recipe.ts'
import { resolveModel, withDtype } from './resolve.ts'
import type { StoredEntry } from './store.ts'
import { ownersOf } from './stored-record.ts'
import { parseJson } from './verify.ts'

export interface RepositoryOptions {
  /** Absolute, ending in `/`; null: the hub. */
  modelsUrl: string | null
  /** Recipes registered by the page; they come before the catalogue. */
  recipes: readonly ModelRecipe[]
  aliases: Readonly<Record<string, string>>
  /** The devices that graphs are wanted for. @default `['wasm']` */
  devices?: readonly Device[]
  /** The only dtype that is wanted; null: chosen per device. @default null */
  dtype?: string | null
}

/** What of one model is in the store. */
export interface ModelUsage {
  /** No more than names where files are all that is known of it. */
  recipe: ModelRecipe | Pick<ModelRecipe, 'id' | 'path'>
  files: number
  bytes: number
}

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

  /** Models known without any request: those of the page, then the catalogue's, whose graphs are found when resolved. */
  known(): ModelRecipe[] {
    const own = new Set(this.#options.recipes.map((recipe) => recipe.id))
    const others = CATALOG.filter((model) => !own.has(model.id)).map((model) => ({ ...model, variants: [] }))
    return [...this.#options.recipes, ...others]
  }

  /** A model that is known without any request, named as it was asked for: by its id or by one of its repositories. */
  find(id: string): ModelRecipe | undefined {
    const registered = this.#options.recipes.find((recipe) => recipe.id === id)
    const known = findInCatalog(id)
    return registered ?? (known === undefined ? undefined : { ...known, id, variants: [] })
  }

  /**
   * The recipe of a model: registered by the page, from the model's own `manifest.json`, from the catalogue, or from the
   * other files in the model's folder.
   *
   * @param id canonical id
   * @throws EmbeddingsError `model_not_found`, `model_unreachable`, `bad_model_file`; the signal's reason
   */
  async resolve(id: string, signal: AbortSignal): Promise<ModelRecipe> {
    if (!isModelId(id)) throw await this.#notFound(id)
    const { modelsUrl, recipes, dtype = null, devices = ['wasm'] } = this.#options
    const registered = recipes.find((recipe) => recipe.id === id)
    if (registered !== undefined) return withDtype(registered, dtype)
    const known = findInCatalog(id)
    // A name without an owner is none of the hub's.
    if (modelsUrl === null && known === undefined && !id.includes('/')) throw await this.#notFound(id)
    const recipe = await resolveModel(id, known, { modelsUrl, wanted: { dtype, devices }, store: this.#files, signal })
    if (recipe === null) throw await this.#notFound(id)
    return recipe
  }

  async #notFound(id: string): Promise<EmbeddingsError> {
    try {
      const { notFound } = await import('./not-found.ts')
      return notFound(id, this.known())
    } catch (cause) {
      // Offline, say: less is told then, but what is wrong.
      return new EmbeddingsError('model_not_found', 'The model does not exist here.', { param: 'model', cause })
    }
  }

  /**
   * Asks the server again for a model's kept description (its manifest, or the hub's listing), for when its files turn
   * out to be others than described.
   *
   * @returns true when the description has changed: the next `resolve` takes the new one
   */
  async renew(id: string, signal: AbortSignal): Promise<boolean> {
    const { modelsUrl } = this.#options
    // Where even the library's own code is out of reach, what is kept stays in use: the caller has an error to tell.
    const renewal = await import('./renew-description.ts').catch(() => null)
    return renewal !== null && renewal.renewDescription(id, modelsUrl, this.#files, signal)
  }

  #url(path: string, revision: string, file: string): string {
    return fileUrl(this.#options.modelsUrl, path, revision, file)
  }

  /**
   * One file of a model.
   *
   * @throws EmbeddingsError as `downloadFile` does
   */
  async readFile(recipe: ModelRecipe, path: string, options: ReadOptions): Promise<ReadResult> {
    const expected = recipe.files.find((file) => file.path === path)
    const url = this.#url(recipe.path, recipe.revision, path)
    const trust = this.#options.modelsUrl === null ? 'hub' : 'manifest'
    const hubUrl = fileUrl(null, recipe.path, 'main', path)
    return this.#files.read({ url, model: recipe.path, expected, trust, hubUrl }, options)
  }

  /** One JSON file of a model. @throws EmbeddingsError `bad_model_file` when it is no JSON; as `readFile` does */
  async readJson(recipe: ModelRecipe, path: string, options: ReadOptions): Promise<unknown> {
    const { bytes } = await this.readFile(recipe, path, options)
    return parseJson(this.#url(recipe.path, recipe.revision, path), bytes)
  }

  /** Deletes the stored files of a model, of all its revisions, and nothing else. */
  async delete(model: ModelUsage['recipe']): Promise<void> {
    await this.#files.deleteAll((url, owner) => this.#belongs(url, owner, model))
  }

  /** What of each model is in the store: those known without a request, then the others that have files there. */
  async usage(): Promise<ModelUsage[]> {
    const entries = await this.#files.inventory()
    const known = this.known().map((recipe) => this.#usageOf(recipe, entries))
    const base = this.#options.modelsUrl ?? HUB_URL
    const others = new Set<string>()
    for (const { url, record } of entries) {
      for (const owner of ownersOf(record)) {
        if (owner !== null && url.startsWith(base) && !known.some(({ recipe }) => isNamed(recipe, owner))) others.add(owner)
      }
    }
    return [...known, ...[...others].map((id) => this.#usageOf({ id, path: id }, entries))]
  }

  /** What of one model is in the store. */
  async usageOf(recipe: ModelUsage['recipe']): Promise<ModelUsage> {
    return this.#usageOf(recipe, await this.#files.inventory())
  }

  #usageOf(recipe: ModelUsage['recipe'], entries: readonly StoredEntry[]): ModelUsage {
    const own = entries.filter(({ url, record }) => ownersOf(record).some((owner) => this.#belongs(url, owner, recipe)))
    return { recipe, files: own.length, bytes: own.reduce((sum, { bytes }) => sum + bytes, 0) }
  }

  /**
   * A model's folder may lie inside another's, and a model may need files of the one that it was made from: files say
   * themselves whose they are, unless an earlier version kept them.
   */
  #belongs(url: string, owner: string | null, model: ModelUsage['recipe']): boolean {
    const { modelsUrl } = this.#options
    if (owner !== null) return isNamed(model, owner) && url.startsWith(modelsUrl ?? HUB_URL)
    return [model.path, model.id].some((name) => url.startsWith(modelFolder(modelsUrl, name)))
  }
}

function isNamed({ id, path }: Pick<ModelRecipe, 'path' | 'id'>, name: string): boolean {
  return id === name || path === name
}
