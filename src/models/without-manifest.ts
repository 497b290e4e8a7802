/** What a model without a manifest is: by the hub's list of its files, the catalogue, and its own files. */

import { EmbeddingsError } from '../openai/errors.ts'
import type { CatalogModel } from './catalog.ts'
import { findVariants, type WantedGraphs } from './find-variants.ts'
import { listingUrl } from './hub-layout.ts'
import { parseListing, type HubListing } from './hub-listing.ts'
import { readOwnRecipe } from './own-folder.ts'
import type { FileRecord, ModelRecipe } from './recipe.ts'
import type { FolderServer, ServedFolder } from './served-folder.ts'
import { UNAVAILABLE } from './unavailable.ts'
import { parseJson } from './verify.ts'

/** Loaded on demand: a model that has a manifest does without. */
export class ModelsWithoutManifest {
  readonly #server: FolderServer
  readonly #wanted: Omit<WantedGraphs, 'unsuitable'>

  constructor(server: FolderServer, wanted: Omit<WantedGraphs, 'unsuitable'>) {
    this.#server = server
    this.#wanted = wanted
  }

  /**
   * A model of the hub, at the commit that the hub named when the model was first asked for; that is kept with its files.
   * Where the hub's API gives no answer, the files at the branch are taken, trusted on first use.
   *
   * @returns null when the repository is no model
   */
  async fromHub(id: string, known: CatalogModel | undefined): Promise<ModelRecipe | null> {
    if (Object.hasOwn(UNAVAILABLE, id)) return null
    const path = known?.path ?? id
    const revision = known?.revision ?? 'main'
    const listing = await this.#readListing(path, revision, path)
    const folder = this.#hubFolder(path, revision, listing, path)
    if (known !== undefined) return this.#fromCatalog(id, known, folder, checkPins(known, listing))
    return readOwnRecipe(id, {
      folder,
      wanted: this.#wanted,
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
    const { store, signal } = this.#server
    const url = listingUrl(path, revision)
    // Files that were taken without a listing stay in use.
    if (!this.#server.keeps(url) && this.#hubFolder(path, revision, null, model).complete) return null
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
    return this.#server.open(path, listing?.commit ?? revision, listing?.files ?? null, model)
  }

  /**
   * A model in a folder of the page's, from the catalogue or by its own files.
   *
   * @param folders where it may lie, the likeliest first
   * @returns null when there is no model
   */
  async fromFolders(
    id: string,
    known: CatalogModel | undefined,
    folders: readonly [ServedFolder, ...ServedFolder[]],
  ): Promise<ModelRecipe | null> {
    if (known !== undefined) return this.#fromFirst(id, known, [...folders.filter(({ complete }) => complete), ...folders])
    return readOwnRecipe(id, { folder: folders[0], wanted: this.#wanted, created: 0, origin: () => Promise.resolve(null) })
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
    const variants = await findVariants(id, folder, { ...this.#wanted, unsuitable })
    const files = folder.files === null ? pins : [...folder.files.values()]
    return { ...recipe, id, path: folder.path, revision: folder.revision, variants, files }
  }
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

/** Whether the hub has another commit now than a stored listing of it says. */
export function isOtherCommit(path: string, kept: unknown, fresh: unknown): boolean {
  return parseListing(path, kept).commit !== parseListing(path, fresh).commit
}
