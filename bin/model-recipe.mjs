/** What a model is and which of its graphs are copied, by the library's own rules; and the manifest that says so. */

import { createHash } from 'node:crypto'
import { findInCatalog } from '#models/catalog'
import { findVariants } from '#models/find-variants'
import { parseManifest } from '#models/manifest'
import { readOwnRecipe } from '#models/own-folder'
import { CommandError } from './command-error.mjs'

/** @import { ModelRecipe, ModelVariant } from '../src/models/recipe.ts' */
/** @import { Asset } from './asset.mjs' */
/** @import { ModelSource } from './model-source.mjs' */

/** @typedef {Omit<ModelRecipe, 'variants' | 'files'>} Description of a model, whatever its graphs */

/**
 * @typedef {object} FoundModel
 * @property {Description | null} description null: neither catalogue nor files tell it
 * @property {string | null} reason why there is none
 * @property {readonly ModelVariant[]} variants that suit it, for each device the best first
 * @property {readonly string[]} unsuitable weight formats that do not
 */

/** A manifest is for any page, so graphs for every device. */
const WANTED = { devices: /** @type {const} */ (['wasm', 'webgpu']), dtype: null }

/**
 * From the catalogue, else from the model's own files, as the page does it.
 *
 * @param {string} id
 * @param {ModelSource} source
 * @returns {Promise<FoundModel>}
 * @throws {Error} CommandError or EmbeddingsError when it is no model
 */
export async function findModel(id, source) {
  const known = findInCatalog(id)
  if (known !== undefined) {
    const { unsuitable = [] } = known
    const variants = await findVariants(id, source, { ...WANTED, unsuitable })
    return { description: known, reason: null, variants, unsuitable }
  }
  try {
    const { created, madeFrom: origin } = source
    const recipe = await readOwnRecipe(id, { folder: source, wanted: WANTED, created, origin })
    if (recipe !== null) return { description: recipe, reason: null, variants: recipe.variants, unsuitable: [] }
  } catch (error) {
    // The files are as good as before; only the page has to be told more, and the library's own error says what.
    if (!(error instanceof Error && 'code' in error && error.code === 'bad_model_file')) throw error
    const variants = await findVariants(id, source, { ...WANTED, unsuitable: [] })
    return { description: null, reason: error.message, variants, unsuitable: [] }
  }
  throw new CommandError(`${source.name} has no config.json, so it is no model.`)
}

/**
 * @param {string} id
 * @param {ModelSource} source
 * @param {FoundModel} found
 * @param {readonly string[]} dtypes asked for
 * @returns {Promise<ModelVariant[]>} for each device the best first
 * @throws {Error} EmbeddingsError naming a weight format that the source does not have, and those that it has
 */
export async function chooseVariants(id, source, { variants, unsuitable }, dtypes) {
  /** @type {ModelVariant[]} */
  const chosen = []
  for (const dtype of dtypes) {
    const fit = variants.filter((variant) => variant.dtype === dtype)
    // A format that no device would be given by itself, but asked for by name.
    const found = fit.length > 0 ? fit : await findVariants(id, source, { ...WANTED, dtype, unsuitable })
    // Of several files in one format the usual one.
    chosen.push(...found.filter(({ file }) => file === found[0]?.file))
  }
  const place = (/** @type {ModelVariant} */ variant) => {
    const index = variants.indexOf(variant)
    return index === -1 ? variants.length : index
  }
  return chosen.sort((a, b) => place(a) - place(b))
}

/**
 * A folder tells no revision; its content does: another content is another vector space.
 *
 * @param {ModelSource} source
 * @param {readonly Asset[]} needed
 * @returns {string}
 */
export function revisionOf(source, needed) {
  if (source.revision !== 'main') return source.revision
  const hashes = needed.map(({ sha256 }) => sha256).sort()
  return createHash('sha256').update(hashes.join()).digest('hex').slice(0, 12)
}

/**
 * @param {string} id
 * @param {Description} description
 * @param {readonly ModelVariant[]} variants
 * @param {{ revision: string, files: readonly { path: string, bytes: number, sha256: string }[] }} content
 * @returns {object} a `manifest.json` of format 1
 * @throws {Error} EmbeddingsError when the page would refuse it
 */
export function makeManifest(id, description, variants, { revision, files }) {
  const { dimensions, maxTokens, pooling, prompts, vocabSize, padTokenId, paddingSide } = description
  const { created, ownedBy } = description
  const manifest = {
    format: 1,
    id,
    revision,
    origin: id.includes('/') ? id : `${ownedBy}/${id}`,
    created,
    recipe: { dimensions, maxTokens, pooling, normalize: true, prompts, vocabSize, padTokenId, paddingSide },
    variants,
    files,
  }
  parseManifest(manifest)
  return manifest
}
