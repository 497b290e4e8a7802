/** The command line of `copy-assets`, read and checked. */

import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { DTYPES } from '#models/offered-graphs'
import { HUB_URL, isModelId } from '#models/hub-layout'
import { CommandError } from './command-error.mjs'

/** @import { RuntimeBuild } from '../src/engine/embedding-session.ts' */

/**
 * What is to be copied.
 *
 * @typedef {object} CopyOptions
 * @property {string} folder absolute; made where it is missing
 * @property {readonly RuntimeBuild[]} runtime builds of onnxruntime
 * @property {boolean} library whether the library itself is copied too, for pages without a bundler
 * @property {readonly string[]} models ids
 * @property {string | null} from absolute folder of models in hub layout; null: the hub
 * @property {string} hub address of the hub, ending in `/`
 * @property {string | null} revision branch, tag or commit on the hub; null: the catalogue's, else `main`
 * @property {readonly string[] | null} dtypes asked for; null: those of a model's manifest, else q8
 * @property {boolean} dryRun only tells what would be done
 */

export const HELP = `Usage: browser-embeddings copy-assets <folder> [options]

Puts into <folder>, for self-hosting, beside an index of sizes and SHA-256 hashes (browser-embeddings.json):
  runtime/      onnxruntime's .wasm and .mjs      → the option runtimeUrl of EmbeddingsClient
  models/<id>/  models, each with a manifest.json → the option modelsUrl
  library/      with --library: the library itself, for pages without a bundler

Everything is verified before the first file is put in place; files that are there already are left alone.

  --model <id>       a model of the catalogue or of the hub; may be given several times
  --from <folder>    takes models from <folder>/<id>/ (hub layout) instead of downloading them
  --revision <rev>   branch, tag or commit on the hub (the catalogue's, else main)
  --dtype <dtypes>   weight formats, with commas: ${DTYPES.join(', ')} (all of a manifest, else q8)
  --runtime <builds> onnxruntime builds, with commas: jspi, asyncify (both WebGPU), wasm (all three), or none
  --library          copies the library too
  --hub <url>        a mirror of the hub (${HUB_URL})
  --dry-run          tells what would be done and writes nothing
  --help             this text`

/** @type {readonly RuntimeBuild[]} */
const RUNTIME_BUILDS = ['jspi', 'asyncify', 'wasm']

/**
 * @param {string} message about the command line
 * @returns {never}
 * @throws {CommandError} with where to look
 */
function wrong(message) {
  throw new CommandError(`${message}\nbrowser-embeddings copy-assets --help tells the options.`, 2)
}

/**
 * @param {string} name of the option
 * @param {string} text values with commas between
 * @param {readonly string[]} choices
 * @returns {string[]} the values, each once
 * @throws {CommandError} naming the option, the value and the choices
 */
function readList(name, text, choices) {
  const values = text.split(',').map((value) => value.trim())
  for (const value of values) {
    if (!choices.includes(value)) {
      wrong(`--${name}: ${JSON.stringify(value)} is none of ${choices.join(', ')}.`)
    }
  }
  return [...new Set(values)]
}

/**
 * @param {string} text of --runtime
 * @returns {readonly RuntimeBuild[]}
 */
function readRuntime(text) {
  if (text === 'none') return []
  const values = readList('runtime', text, RUNTIME_BUILDS)
  return RUNTIME_BUILDS.filter((build) => values.includes(build))
}

/**
 * @param {string} text of --hub
 * @returns {string} ending in `/`
 */
function readHub(text) {
  const url = URL.canParse(text) ? new URL(text) : wrong(`--hub: ${JSON.stringify(text)} is no address.`)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    wrong(`--hub: ${JSON.stringify(text)} is no address that begins with https: or http:.`)
  }
  if (url.search !== '' || url.hash !== '') wrong(`--hub: ${JSON.stringify(text)} has a query or a fragment.`)
  return url.href.endsWith('/') ? url.href : `${url.href}/`
}

/**
 * @param {string} name of the argument, for messages
 * @param {string} path
 * @param {boolean} mustExist
 * @returns {string} absolute
 */
function readFolder(name, path, mustExist) {
  if (path === '') wrong(`${name}: the folder's name is empty.`)
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined && mustExist) wrong(`${name}: ${path} does not exist.`)
  if (stats !== undefined && !stats.isDirectory()) wrong(`${name}: ${path} is not a folder.`)
  return resolve(path)
}

/**
 * @param {string[]} words of the command line, after the command's name
 * @returns {{ values: Record<string, string | boolean | string[] | undefined>, positionals: string[] }}
 */
function parse(words) {
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        model: { type: 'string', multiple: true },
        from: { type: 'string' },
        revision: { type: 'string' },
        dtype: { type: 'string' },
        runtime: { type: 'string' },
        library: { type: 'boolean' },
        hub: { type: 'string' },
        'dry-run': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error))
  }
}

/**
 * @param {string[]} words of the command line, after the command's name
 * @returns {CopyOptions | null} null: help was asked for
 * @throws {CommandError} naming the argument, what it must be and what came
 */
export function readCopyOptions(words) {
  const { values, positionals } = parse(words)
  if (values['help'] === true) return null
  const [folder, ...more] = positionals
  if (folder === undefined) return wrong('The folder to copy to is missing.')
  if (more.length > 0) wrong(`There is one folder to copy to; also given: ${more.join(', ')}.`)
  const { model = [], from, revision, dtype, runtime = RUNTIME_BUILDS.join(','), hub = HUB_URL } = values
  const models = /** @type {string[]} */ (model)
  const bad = models.find((id) => !isModelId(id))
  if (bad !== undefined) wrong(`--model: ${JSON.stringify(bad)} is no model id.`)
  if (from !== undefined && (revision !== undefined || values['hub'] !== undefined)) {
    wrong('--from takes models from a folder, so there is no --revision and no --hub.')
  }
  if (revision === '') wrong('--revision: the revision is empty.')
  return {
    folder: readFolder('<folder>', folder, false),
    runtime: readRuntime(String(runtime)),
    library: values['library'] === true,
    models: [...new Set(models)],
    from: from === undefined ? null : readFolder('--from', String(from), true),
    hub: readHub(String(hub)),
    revision: revision === undefined ? null : String(revision),
    dtypes: dtype === undefined ? null : readList('dtype', String(dtype), DTYPES),
    dryRun: values['dry-run'] === true,
  }
}
