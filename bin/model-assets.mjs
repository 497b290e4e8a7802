/** Which files of a model are copied, and the manifest that makes the page verify them. */

import { createHash } from 'node:crypto'
import { CATALOG, ORIGINAL_NAMES } from '#models/catalog'
import { offeredGraphs, variantsOf } from '#models/dtype-choice'
import { parseManifest } from '#models/manifest'
import { readOwnRecipe } from '#models/own-folder'
import { assetFromBytes } from './asset.mjs'
import { CommandError } from './command-error.mjs'

/** @import { ModelRecipe, ModelVariant } from '../src/models/recipe.ts' */
/** @import { Asset } from './asset.mjs' */
/** @import { ModelSource } from './model-folder.mjs' */

/**
 * @typedef {object} ModelAssets
 * @property {readonly Asset[]} assets
 * @property {string} revision
 * @property {readonly string[]} dtypes
 * @property {string | null} note what the user should know
 */

/** Read by the page where there is no manifest, and by other libraries. */
const CONFIG_FILES =
  /^(?:config|modules|sentence_bert_config|config_sentence_transformers|\d+_Pooling\/config)\.json$/
/** Weights may be passed on only with these. */
const LICENCE_FILES = /^(?:LICEN[CS]E|NOTICE)(?:[.-][\w.-]+)?$/i
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json']

/**
 * @param {string} id as the user gave it
 * @returns {ModelRecipe | undefined} what the library knows of the model without any file
 */
export function findKnown(id) {
  const original = Object.hasOwn(ORIGINAL_NAMES, id) ? ORIGINAL_NAMES[id] : undefined
  return CATALOG.find((recipe) => recipe.id === id || recipe.path === id || recipe.id === original)
}

/**
 * @param {ModelSource} source
 * @param {string} path
 * @returns {Promise<unknown>} parsed
 */
async function readJson(source, path) {
  const bytes = await source.read(path)
  /** @type {unknown} */
  let json
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new CommandError(`${source.origin}: ${path} is not JSON.`)
  }
  return json
}

/**
 * @param {ModelSource} source
 * @param {readonly string[] | null} dtypes asked for
 * @returns {ModelVariant[]} for each device the best first
 * @throws {CommandError} naming a weight format that the source does not have, and those that it has
 */
function findVariants(source, dtypes) {
  const offered = offeredGraphs(source.files)
  const graphs = (dtypes ?? ['q8']).map((dtype) => {
    const graph = offered.find((candidate) => candidate.dtype === dtype)
    if (graph !== undefined) return graph
    const has = [...new Set(offered.map((candidate) => candidate.dtype))].join(', ') || 'none'
    throw new CommandError(`--dtype: ${source.origin} has no graph in ${dtype}; it has: ${has}.`)
  })
  const fit = variantsOf(graphs, null)
  // A format that no device would be given by itself, but asked for by name.
  const others = graphs.filter(({ file }) => !fit.some((variant) => variant.file === file))
  return [...fit, ...others.flatMap((graph) => variantsOf([graph], graph.dtype))]
}

/**
 * What the files do not name, their content does: another content is another vector space.
 *
 * @param {readonly Asset[]} assets
 * @returns {string}
 */
function contentRevision(assets) {
  const hashes = assets.map(({ sha256 }) => sha256).sort()
  return createHash('sha256').update(hashes.join()).digest('hex').slice(0, 12)
}

/**
 * The recipe in the catalogue, else from the model's own files, as the page does it.
 *
 * @param {string} id
 * @param {ModelSource} source
 * @returns {Promise<ModelRecipe | null>} null: there is no `config.json`
 * @throws {Error} EmbeddingsError saying what the files do not tell
 */
async function findRecipe(id, source) {
  return (
    findKnown(id) ??
    readOwnRecipe(id, {
      json: (path) => (source.files.has(path) ? readJson(source, path) : Promise.resolve(undefined)),
      has: (path) => Promise.resolve(source.files.has(path)),
    })
  )
}

/**
 * @param {string} id
 * @param {ModelSource} source
 * @param {readonly ModelVariant[]} variants
 * @param {readonly Asset[]} needed what the page reads, under `folder`
 * @param {string} folder
 * @returns {Promise<{ manifest: object | null, note: string | null }>}
 */
async function makeManifest(id, source, variants, needed, folder) {
  let found
  try {
    found = await findRecipe(id, source)
  } catch (error) {
    // The files are as good as before; only the page has to be told more, and its own error says what.
    if (!(error instanceof Error) || error.name !== 'EmbeddingsError') throw error
    return { manifest: null, note: `no manifest.json was written: ${error.message}` }
  }
  if (found === null) throw new CommandError(`${source.origin} has no config.json, so it is no model.`)
  const { dimensions, maxTokens, pooling, prompts, vocabSize, padTokenId, paddingSide, created, ownedBy } =
    found
  const manifest = {
    format: 1,
    id,
    revision: source.revision ?? contentRevision(needed),
    origin: id.includes('/') ? id : `${ownedBy}/${id}`,
    created,
    recipe: { dimensions, maxTokens, pooling, normalize: true, prompts, vocabSize, padTokenId, paddingSide },
    variants,
    files: needed.map(({ path, bytes, sha256 }) => ({ path: path.slice(folder.length), bytes, sha256 })),
  }
  parseManifest(manifest)
  return { manifest, note: null }
}

/**
 * The files of a model that has a manifest: those that it lists, as it lists them.
 *
 * @param {string} id
 * @param {ModelSource} source
 * @param {readonly string[] | null} dtypes asked for
 * @param {string} folder
 * @returns {Promise<ModelAssets>}
 * @throws {CommandError} when a file is not what the manifest says; EmbeddingsError when the manifest is wrong
 */
async function assetsOfManifest(id, source, dtypes, folder) {
  const json = /** @type {{ variants: { dtype: string }[], files: { path: string }[] }} */ (
    await readJson(source, 'manifest.json')
  )
  const recipe = parseManifest(json)
  if (recipe.id !== id) {
    throw new CommandError(
      `${source.origin} has the manifest of ${recipe.id}: --model ${recipe.id} asks for that.`,
    )
  }
  const offered = [...new Set(recipe.variants.map(({ dtype }) => dtype))]
  const missing = dtypes?.find((dtype) => !offered.includes(dtype))
  if (missing !== undefined) {
    throw new CommandError(
      `--dtype: ${source.origin} has no graph in ${missing}; it has: ${offered.join(', ')}.`,
    )
  }
  const keeps = (/** @type {{ dtype: string }} */ { dtype }) => dtypes === null || dtypes.includes(dtype)
  const kept = recipe.variants.filter(keeps)
  const graphs = (/** @type {readonly ModelVariant[]} */ variants) =>
    variants.flatMap(({ file, externalData }) => [file, ...externalData])
  const dropped = graphs(recipe.variants).filter((path) => !graphs(kept).includes(path))
  const records = recipe.files.filter(({ path }) => !dropped.includes(path))
  const assets = await Promise.all(records.map(({ path }) => source.asset(path, folder + path)))
  for (const [index, { bytes, sha256, origin }] of assets.entries()) {
    const record = records[index]
    if (bytes === record?.bytes && sha256 === record.sha256) continue
    const told = `${String(record?.bytes)} bytes and SHA-256 ${String(record?.sha256)}`
    throw new CommandError(
      `${origin} has ${String(bytes)} bytes and SHA-256 ${sha256}; its manifest says ${told}.`,
    )
  }
  const manifest =
    dropped.length === 0
      ? await source.asset('manifest.json', `${folder}manifest.json`)
      : manifestAsset(folder, {
          ...json,
          variants: json.variants.filter(keeps),
          files: json.files.filter(({ path }) => !dropped.includes(path)),
        })
  const dtypesKept = offered.filter((dtype) => keeps({ dtype }))
  return { assets: [...assets, manifest], revision: recipe.revision, dtypes: dtypesKept, note: null }
}

/**
 * @param {string} folder
 * @param {object} manifest
 * @returns {Asset}
 */
function manifestAsset(folder, manifest) {
  const bytes = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`)
  return assetFromBytes(`${folder}manifest.json`, bytes, 'the manifest made here')
}

/**
 * @param {string} id
 * @param {ModelSource} source
 * @param {readonly string[] | null} dtypes asked for; null: those of its manifest, else q8
 * @returns {Promise<ModelAssets>} in `models/<id>/`
 * @throws {CommandError} naming what the source lacks or has otherwise than its manifest says
 */
export async function modelAssets(id, source, dtypes) {
  const folder = `models/${id}/`
  const has = (/** @type {string} */ path) => source.files.has(path)
  /** @type {ModelAssets} */
  let main
  if (has('manifest.json')) main = await assetsOfManifest(id, source, dtypes, folder)
  else {
    const lacking = TOKENIZER_FILES.find((path) => !has(path))
    if (lacking !== undefined) throw new CommandError(`${source.origin} has no ${lacking}.`)
    const variants = findVariants(source, dtypes)
    const paths = [...TOKENIZER_FILES, ...variants.flatMap(({ file, externalData }) => [file, ...externalData])]
    const needed = await Promise.all([...new Set(paths)].map((path) => source.asset(path, folder + path)))
    const { manifest, note } = await makeManifest(id, source, variants, needed, folder)
    main = {
      assets: manifest === null ? needed : [...needed, manifestAsset(folder, manifest)],
      revision: source.revision ?? contentRevision(needed),
      dtypes: [...new Set(variants.map(({ dtype }) => dtype))],
      note,
    }
  }
  const there = new Set(main.assets.map(({ path }) => path.slice(folder.length)))
  const beside = [...source.files.keys()].filter(
    (path) => !there.has(path) && (CONFIG_FILES.test(path) || LICENCE_FILES.test(path)),
  )
  const others = await Promise.all(beside.map((path) => source.asset(path, folder + path)))
  return { ...main, assets: [...main.assets, ...others] }
}
