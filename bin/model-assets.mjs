/** Which files of a model are copied. */

import { findInCatalog } from '#models/catalog'
import { parseManifest } from '#models/manifest'
import { assetFromBytes } from './asset.mjs'
import { CommandError } from './command-error.mjs'
import { chooseVariants, findModel, makeManifest, revisionOf } from './model-recipe.mjs'

/** @import { ModelVariant } from '../src/models/recipe.ts' */
/** @import { Asset } from './asset.mjs' */
/** @import { ModelSource } from './model-source.mjs' */

/**
 * @typedef {object} ModelAssets
 * @property {readonly Asset[]} assets
 * @property {string} revision
 * @property {readonly string[]} dtypes
 * @property {string | null} note what the user should know
 */

const MANIFEST = 'manifest.json'
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json']
/** Read by the page where there is no manifest, and by other libraries. */
const CONFIG_FILES =
  /^(?:config|modules|sentence_bert_config|config_sentence_transformers|\d+_Pooling\/config)\.json$/
/** Weights may be passed on only with these. */
const LICENCE_FILES = /^(?:LICEN[CS]E|NOTICE)(?:[.-][\w.-]+)?$/i

/** @type {(variants: readonly ModelVariant[]) => string[]} */
const graphsOf = (variants) => variants.flatMap(({ file, externalData }) => [file, ...externalData])

/**
 * @param {string} folder of the model
 * @param {object} manifest
 * @returns {Asset}
 */
function manifestAsset(folder, manifest) {
  const bytes = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`)
  return assetFromBytes(folder + MANIFEST, bytes, 'the manifest made here')
}

/**
 * @param {readonly Asset[]} assets
 * @param {string} folder that they lie under
 * @param {readonly { path: string, bytes: number, sha256: string | null }[]} records
 * @param {string} whose `its manifest`, `the catalogue`
 * @throws {CommandError} when a file is not the one of its record
 */
function compare(assets, folder, records, whose) {
  for (const { path, bytes, sha256 } of records) {
    const asset = assets.find((candidate) => candidate.path === folder + path)
    if (asset === undefined || (asset.bytes === bytes && asset.sha256 === sha256)) continue
    const came = `${String(asset.bytes)} bytes and SHA-256 ${asset.sha256}`
    throw new CommandError(
      `${asset.origin} has ${came}; ${whose} says ${String(bytes)} bytes and SHA-256 ${String(sha256)}.`,
    )
  }
}

/**
 * The files of a model that has a manifest: those that it lists, as it lists them.
 *
 * @param {string} id
 * @param {ModelSource} source
 * @param {readonly string[] | null} dtypes asked for; null: all of the manifest
 * @param {string} folder
 * @returns {Promise<ModelAssets>}
 * @throws {Error} CommandError when a file is not what the manifest says; EmbeddingsError when the manifest is wrong
 */
async function assetsOfManifest(id, source, dtypes, folder) {
  const json = await source.json(MANIFEST)
  const recipe = parseManifest(json)
  if (recipe.id !== id) {
    throw new CommandError(
      `${source.name} has the manifest of ${recipe.id}: --model ${recipe.id} asks for that.`,
    )
  }
  const offered = [...new Set(recipe.variants.map(({ dtype }) => dtype))]
  const missing = dtypes?.find((dtype) => !offered.includes(dtype))
  if (missing !== undefined) {
    throw new CommandError(`--dtype: ${source.name} has no graph in ${missing}; it has: ${offered.join(', ')}.`)
  }
  const keeps = (/** @type {{ dtype: string }} */ { dtype }) => dtypes === null || dtypes.includes(dtype)
  const kept = new Set(graphsOf(recipe.variants.filter(keeps)))
  const dropped = new Set(graphsOf(recipe.variants).filter((path) => !kept.has(path)))
  const records = recipe.files.filter(({ path }) => !dropped.has(path))
  const assets = await Promise.all(records.map(({ path }) => source.asset(path, folder + path)))
  compare(assets, folder, records, 'its manifest')
  // The text itself, where nothing is left out of it: it may say more than this library reads.
  const { variants, files, ...rest } =
    /** @type {{ variants: { dtype: string }[], files: { path: string }[] }} */ (json)
  const manifest =
    dropped.size === 0
      ? await source.asset(MANIFEST, folder + MANIFEST)
      : manifestAsset(folder, {
          ...rest,
          variants: variants.filter(keeps),
          files: files.filter(({ path }) => !dropped.has(path)),
        })
  return {
    assets: [...assets, manifest],
    revision: recipe.revision,
    dtypes: offered.filter((dtype) => keeps({ dtype })),
    note: null,
  }
}

/**
 * The files of a model that has none, and a manifest of them.
 *
 * @param {string} id
 * @param {ModelSource} source
 * @param {readonly string[]} dtypes asked for
 * @param {string} folder
 * @returns {Promise<ModelAssets>}
 * @throws {Error} CommandError or EmbeddingsError naming what the source lacks
 */
async function assetsOfFiles(id, source, dtypes, folder) {
  const lacking = TOKENIZER_FILES.find((path) => !source.files.has(path))
  if (lacking !== undefined) throw new CommandError(`${source.name} has no ${lacking}.`)
  const found = await findModel(id, source)
  const variants = await chooseVariants(id, source, found, dtypes)
  const paths = [...new Set([...TOKENIZER_FILES, ...graphsOf(variants)])]
  const assets = await Promise.all(paths.map((path) => source.asset(path, folder + path)))
  const known = findInCatalog(id)
  // What the catalogue knows holds at its own revision only.
  if (known !== undefined && known.revision === source.asked)
    compare(assets, folder, known.files, 'the catalogue')
  const revision = revisionOf(source, assets)
  const chosen = [...new Set(variants.map(({ dtype }) => dtype))]
  if (found.description === null) {
    return { assets, revision, dtypes: chosen, note: `no manifest.json was written: ${String(found.reason)}` }
  }
  const files = assets.map(({ path, bytes, sha256 }) => ({ path: path.slice(folder.length), bytes, sha256 }))
  const manifest = makeManifest(id, found.description, variants, { revision, files })
  return { assets: [...assets, manifestAsset(folder, manifest)], revision, dtypes: chosen, note: null }
}

/**
 * @param {string} id
 * @param {ModelSource} source
 * @param {readonly string[] | null} dtypes asked for; null: those of its manifest, else q8
 * @returns {Promise<ModelAssets>} in `models/<id>/`
 * @throws {Error} CommandError or EmbeddingsError naming what the source lacks or has otherwise than its manifest says
 */
export async function modelAssets(id, source, dtypes) {
  const folder = `models/${id}/`
  const main = source.files.has(MANIFEST)
    ? await assetsOfManifest(id, source, dtypes, folder)
    : await assetsOfFiles(id, source, dtypes ?? ['q8'], folder)
  const there = new Set(main.assets.map(({ path }) => path.slice(folder.length)))
  const beside = [...source.files.keys()].filter(
    (path) => !there.has(path) && (CONFIG_FILES.test(path) || LICENCE_FILES.test(path)),
  )
  const others = await Promise.all(beside.map((path) => source.asset(path, folder + path)))
  return { ...main, assets: [...main.assets, ...others] }
}
