/** `browser-embeddings copy-assets`: onnxruntime's files and models into an app's public folder. */

import process from 'node:process'
import { findInCatalog } from '#models/catalog'
import { placeAssets } from './asset-folder.mjs'
import { CommandError } from './command-error.mjs'
import { HELP, readCopyOptions } from './copy-options.mjs'
import { openHubRepository } from './hub-repository.mjs'
import { modelAssets } from './model-assets.mjs'
import { openModelFolder } from './model-folder.mjs'
import { libraryAssets, readVersions, runtimeAssets } from './runtime-assets.mjs'

/** @import { Asset } from './asset.mjs' */
/** @import { CopyOptions } from './copy-options.mjs' */
/** @import { ModelAssets } from './model-assets.mjs' */

/** Cloudflare Pages refuses larger files, and it is not alone. */
const HOST_LIMIT = 25 * 2 ** 20

/**
 * @param {number} bytes
 * @returns {string}
 */
function sizeOf(bytes) {
  if (bytes < 1e3) return `${String(bytes)} B`
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

/**
 * @param {string} id
 * @param {CopyOptions} options
 * @param {AbortSignal} signal
 * @returns {Promise<ModelAssets>}
 */
async function readModel(id, { from, hub, revision, dtypes }, signal) {
  const known = findInCatalog(id)
  const repository = known?.path ?? id
  const source =
    from === null
      ? await openHubRepository(hub, repository, revision ?? known?.revision ?? 'main', signal)
      : await openModelFolder(from, [...new Set([id, repository])])
  return modelAssets(id, source, dtypes)
}

/**
 * @param {CopyOptions} options
 * @param {readonly Asset[]} assets
 */
function tellWhatToDo({ runtime, library, models }, assets) {
  for (const { path, bytes } of assets.filter((asset) => asset.bytes > HOST_LIMIT)) {
    const advice = path.includes('.asyncify.')
      ? '; browsers with JSPI take the jspi build, --runtime jspi,wasm leaves it out'
      : ''
    console.log(`Mind: ${path} (${sizeOf(bytes)}) is over the 25 MiB that some static hosts allow${advice}.`)
  }
  const settings = [
    ...(models.length > 0 ? ["modelsUrl: '<url>/models/'"] : []),
    ...(runtime.length > 0 ? ["runtimeUrl: '<url>/runtime/'"] : []),
  ]
  if (settings.length > 0)
    console.log(`new EmbeddingsClient({ ${settings.join(', ')} }), where <url> is the folder's address`)
  if (library) console.log("import { EmbeddingsClient } from '<url>/library/index.js'")
}

/**
 * @param {string[]} words of the command line, after the command's name
 * @throws {CommandError} with what to tell the user; nothing has then changed in the folder
 */
export async function copyAssets(words) {
  const options = readCopyOptions(words)
  if (options === null) {
    console.log(HELP)
    return
  }
  const stop = new AbortController()
  const interrupt = () => {
    stop.abort(new CommandError('Interrupted: the folder is as it was.', 130))
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    await copy(options, stop.signal)
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

/**
 * @param {CopyOptions} options
 * @param {AbortSignal} signal
 */
async function copy(options, signal) {
  const { folder, runtime, library, models, dryRun } = options
  const versions = await readVersions()
  const groups = [await runtimeAssets(runtime), library ? await libraryAssets() : []]
  for (const id of models) {
    const { assets, revision, dtypes, note } = await readModel(id, options, signal)
    groups.push([...assets])
    console.log(`${id}: revision ${revision}, ${dtypes.join(', ')}`)
    if (note !== null) console.log(`Mind: ${id}: ${note}`)
  }
  const assets = groups.flat()
  if (assets.length === 0)
    throw new CommandError('There is nothing to copy: --runtime is none, and no --model is given.', 2)
  const places = ['runtime/', ...(library ? ['library/'] : []), ...models.map((id) => `models/${id}/`)]
  const counts = { copied: 0, unchanged: 0, removed: 0 }
  await placeAssets(folder, assets, {
    about: versions,
    isReplaced: (path) => places.some((place) => path.startsWith(place)),
    dryRun,
    signal,
    onChange: ({ what, path, bytes }) => {
      counts[what] += 1
      if (what !== 'unchanged') console.log(`${dryRun ? 'would be ' : ''}${what}: ${path} (${sizeOf(bytes)})`)
    },
  })
  const verb = dryRun ? 'would be ' : ''
  console.log(
    `${folder}: ${verb}copied ${String(counts.copied)}, unchanged ${String(counts.unchanged)}, removed ${String(counts.removed)}`,
  )
  tellWhatToDo(options, assets)
}
