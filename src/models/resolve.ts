/** From a model's id to its recipe. */

import { EmbeddingsError, type EmbeddingsErrorCode } from '../openai/errors.ts'
import type { CatalogModel } from './catalog.ts'
import { noSuchDtype, offers } from './dtype-choice.ts'
import type { WantedGraphs } from './find-variants.ts'
import { parseManifest } from './manifest.ts'
import type { ModelFiles } from './model-files.ts'
import type { ModelRecipe } from './recipe.ts'
import { FolderServer, type ServedFolder } from './served-folder.ts'
import type * as WithoutManifest from './without-manifest.ts'

export interface ResolveOptions {
  /** Absolute, ending in `/`; null: the hub. */
  modelsUrl: string | null
  wanted: Omit<WantedGraphs, 'unsuitable'>
  store: ModelFiles
  signal: AbortSignal
}

/** What describes a model that comes with its own recipe. */
export const MANIFEST = 'manifest.json'

/**
 * A model of the hub; or one in a folder of the page's, under its own id or, for one of the catalogue, that of its
 * repository: by its `manifest.json`, from the catalogue, or by its other files.
 *
 * @param known the catalogue's word on it
 * @returns null when there is no model
 * @throws EmbeddingsError as `parseManifest`, `parseListing`, `findVariants` and `recipeFromOwnFiles` do; of the server
 */
export async function resolveModel(
  id: string,
  known: CatalogModel | undefined,
  options: ResolveOptions,
): Promise<ModelRecipe | null> {
  const { modelsUrl, store, signal } = options
  const stored = await store.stored()
  const first = new FolderServer(modelsUrl, store, stored, true, signal)
  try {
    const recipe = await resolveOn(first, id, known, options)
    if (recipe !== null || !first.reliedOnStore) return recipe
  } catch (error) {
    const undescribed = error instanceof EmbeddingsError && UNDESCRIBED.has(error.code)
    if (!undescribed || !first.reliedOnStore) throw error
  }
  // What is stored may be a graph alone, kept for a recipe that the page gave then and does not give now.
  return resolveOn(new FolderServer(modelsUrl, store, stored, false, signal), id, known, options)
}

/** How it is told that a model's files do not describe it. */
const UNDESCRIBED: ReadonlySet<EmbeddingsErrorCode> = new Set(['bad_model_file', 'model_file_not_found'])

async function resolveOn(
  server: FolderServer,
  id: string,
  known: CatalogModel | undefined,
  { modelsUrl, wanted }: ResolveOptions,
): Promise<ModelRecipe | null> {
  const others = async (): Promise<WithoutManifest.ModelsWithoutManifest> =>
    new (await loadWithoutManifest()).ModelsWithoutManifest(server, wanted)
  if (modelsUrl === null) return (await others()).fromHub(id, known)
  const own = server.open(id, 'main', null, id)
  const path = known?.path ?? id
  const folders = path === id ? ([own] as const) : ([server.open(path, 'main', null, path), own] as const)
  const inUse = folders.some((folder) => folder.complete)
  // The model's own name first.
  for (const folder of folders.toReversed()) {
    if (inUse && !folder.keeps(MANIFEST)) continue
    const manifest = await readManifest(folder)
    if (manifest !== null) return withDtype({ ...manifest, id }, wanted.dtype)
  }
  return (await others()).fromFolders(id, known, folders)
}

/**
 * The part of the library that models without a manifest need, loaded on demand.
 *
 * @throws EmbeddingsError `model_unreachable` where it cannot be had, offline for one
 */
export async function loadWithoutManifest(): Promise<typeof WithoutManifest> {
  try {
    return await import('./without-manifest.ts')
  } catch (cause) {
    const message = 'A part of this library could not be fetched, which models without a manifest.json need.'
    throw new EmbeddingsError('model_unreachable', message, { cause })
  }
}

async function readManifest(folder: ServedFolder): Promise<ModelRecipe | null> {
  const json = await folder.json(MANIFEST)
  if (json === undefined) return null
  const recipe = parseManifest(json)
  if (recipe.id === folder.path) return recipe
  throw new EmbeddingsError(
    'bad_model_file',
    `${folder.path}/${MANIFEST} is the manifest of ${recipe.id}, not of ${folder.path}.`,
  )
}

/** A recipe with the graphs of one dtype only. @param dtype null: all @throws EmbeddingsError `invalid_value` */
export function withDtype(recipe: ModelRecipe, dtype: string | null): ModelRecipe {
  if (dtype === null) return recipe
  const variants = recipe.variants.filter((variant) => variant.dtype === dtype)
  if (variants.length > 0) return { ...recipe, variants }
  throw noSuchDtype(recipe.id, dtype, offers(recipe.variants.map((variant) => variant.dtype)))
}
