/** From a model's id to its recipe. */

import { EmbeddingsError } from '../openai/errors.ts'
import type { CatalogModel } from './catalog.ts'
import { findVariants, noSuchDtype, type WantedGraphs } from './find-variants.ts'
import { fileUrl, listingUrl } from './hub-layout.ts'
import { parseListing, type HubListing } from './hub-listing.ts'
import { parseManifest } from './manifest.ts'
import type { ModelFiles } from './model-files.ts'
import { readOwnRecipe } from './own-folder.ts'
import type { FileRecord, ModelRecipe } from './recipe.ts'
import { ServedFolder } from './served-folder.ts'
import { parseJson } from './verify.ts'

export interface ResolveOptions {
  /** Absolute, ending in `/`; null: the hub. */
  modelsUrl: string | null
  wanted: Omit<WantedGraphs, 'unsuitable'>
  store: ModelFiles
  signal: AbortSignal
}

/** One attempt to find out what a model is. */
export class Resolver {
  readonly #options: ResolveOptions
  readonly #stored: ReadonlySet<string>

  private constructor(options: ResolveOptions, stored: ReadonlySet<string>) {
    this.#options = options
    this.#stored = stored
  }

  static async create(options: ResolveOptions): Promise<Resolver> {
    return new Resolver(options, await options.store.stored())
  }

  /**
   * A model of the hub, at the commit that the hub named when the model was first asked for; that is kept with its files.
   * Where the hub's API gives no answer, the files at the branch are taken, trusted on first use.
   *
   * @returns null when the repository is no model
   */
  async fromHub(id: string, known: CatalogModel | undefined): Promise<ModelRecipe | null> {
    const path = known?.path ?? id
    const revision = known?.revision ?? 'main'
    const listing = await this.#readListing(path, revision, path)
    const folder = this.#hubFolder(path, revision, listing, path)
    if (known !== undefined) return this.#fromCatalog(id, known, folder, checkPins(known, listing))
    return readOwnRecipe(id, {
      folder,
      wanted: this.#options.wanted,
      created: listing?.created ?? 0,
      origin: () => this.#openOrigin(listing?.quantizedFrom ?? null, path),
    })
  }

  async #openOrigin(path: string | null, model: string): Promise<ServedFolder | null> {
    if (path === null) return null
    try {
      return this.#hubFolder(path, 'main', await this.#readListing(path, 'main', model), model)
    } catch (error) {
      // Gone, private or gated: then nothing tells what it would have told, and the error says what to pass.
      if (error instanceof EmbeddingsError && error.code === 'model_not_found') return null
      throw error
    }
  }

  /** Null when the hub's API cannot be reached. @throws EmbeddingsError `model_not_found`, `bad_model_file` */
  async #readListing(path: string, revision: string, model: string): Promise<HubListing | null> {
    const { store, signal } = this.#options
    const url = listingUrl(path, revision)
    // Files that were taken without a listing stay in use.
    if (!this.#stored.has(url) && this.#hubFolder(path, revision, null, model).complete) return null
    try {
      const { bytes } = await store.read({ url, model, expected: undefined }, { signal, onProgress: () => undefined })
      return parseListing(path, parseJson(url, bytes))
    } catch (error) {
      if (!(error instanceof EmbeddingsError)) throw error
      if (error.code === 'model_unreachable') return null
      if (error.code !== 'model_file_not_found') throw error
      const message = `The model ${JSON.stringify(path)} is not on the hub: ${error.message}`
      throw new EmbeddingsError('model_not_found', message, { param: 'model', cause: error })
    }
  }

  #hubFolder(path: string, revision: string, listing: HubListing | null, model: string): ServedFolder {
    return this.#folder(path, listing?.commit ?? revision, listing?.files ?? null, model)
  }

  #folder(path: string, revision: string, files: ServedFolder['files'], model: string): ServedFolder {
    const { modelsUrl, store, signal } = this.#options
    const url = (file: string): string => fileUrl(modelsUrl, path, revision, file)
    return new ServedFolder({ path, revision, files, url, store, model, stored: this.#stored, signal })
  }

  /**
   * A model in a folder of the page's, under its own id or, for one of the catalogue, that of its repository: by its
   * `manifest.json`, from the catalogue, or by its other files.
   *
   * @returns null when there is no model
   */
  async fromFolder(id: string, known: CatalogModel | undefined): Promise<ModelRecipe | null> {
    const names = [...new Set([known?.path ?? id, id])]
    const folders = names.map((name) => this.#folder(name, 'main', null, name))
    const inUse = folders.some((folder) => folder.complete)
    // The model's own name first.
    for (const folder of folders.toReversed()) {
      if (inUse && !folder.keeps(MANIFEST)) continue
      const manifest = await this.#readManifest(folder)
      if (manifest !== null) return withDtype({ ...manifest, id }, this.#options.wanted.dtype)
    }
    const [folder] = folders
    if (folder === undefined) return null
    if (known === undefined) {
      const { wanted } = this.#options
      return readOwnRecipe(id, { folder, wanted, created: 0, origin: () => Promise.resolve(null) })
    }
    return this.#fromFirst(id, known, [...folders.filter(({ complete }) => complete), ...folders])
  }

  async #readManifest(folder: ServedFolder): Promise<ModelRecipe | null> {
    const json = await folder.json(MANIFEST)
    if (json === undefined) return null
    const recipe = parseManifest(json)
    if (recipe.id === folder.path) return recipe
    throw new EmbeddingsError(
      'bad_model_file',
      `${folder.path}/${MANIFEST} is the manifest of ${recipe.id}, not of ${folder.path}.`,
    )
  }

  /** From the first folder that has a graph. */
  async #fromFirst(id: string, known: CatalogModel, folders: readonly ServedFolder[]): Promise<ModelRecipe> {
    let failure: unknown
    for (const folder of folders) {
      try {
        return await this.#fromCatalog(id, known, folder, [])
      } catch (error) {
        if (!(error instanceof EmbeddingsError) || error.code !== 'model_file_not_found') throw error
        failure ??= error
      }
    }
    throw failure
  }

  async #fromCatalog(
    id: string,
    known: CatalogModel,
    folder: ServedFolder,
    pins: readonly FileRecord[],
  ): Promise<ModelRecipe> {
    const { unsuitable = [], ...recipe } = known
    const variants = await findVariants(id, folder, { ...this.#options.wanted, unsuitable })
    const files = folder.files === null ? pins : [...folder.files.values()]
    return { ...recipe, id, path: folder.path, revision: folder.revision, variants, files }
  }
}

export const MANIFEST = 'manifest.json'

/** A recipe with the graphs of one dtype only. @param dtype null: all @throws EmbeddingsError `invalid_value` */
export function withDtype(recipe: ModelRecipe, dtype: string | null): ModelRecipe {
  if (dtype === null) return recipe
  const variants = recipe.variants.filter((variant) => variant.dtype === dtype)
  if (variants.length > 0) return { ...recipe, variants }
  throw noSuchDtype(recipe.id, dtype, recipe.variants.map((variant) => variant.dtype))
}

/**
 * The catalogue's own word on files, against the hub's.
 *
 * @returns the records that the catalogue has
 * @throws EmbeddingsError `integrity_error` when the hub tells another hash, or another commit than the one asked for
 */
function checkPins({ path, revision, files }: CatalogModel, listing: HubListing | null): readonly FileRecord[] {
  if (listing === null) return files
  if (revision !== 'main' && listing.commit !== revision) {
    throw new EmbeddingsError(
      'integrity_error',
      `The hub lists the commit ${listing.commit} of ${path}; ${revision} was asked for.`,
    )
  }
  for (const { path: file, sha256 } of files) {
    const told = listing.files.get(file)?.sha256
    if (told === sha256) continue
    throw new EmbeddingsError(
      'integrity_error',
      `The hub lists ${file} of ${path} with SHA-256 ${String(told)}; the catalogue says ${String(sha256)}.`,
    )
  }
  return files
}
