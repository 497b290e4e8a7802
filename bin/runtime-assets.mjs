/** onnxruntime's files and the library's own, from the packages installed on this machine. */

import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runtimeFiles } from '#engine/runtime-files'
import { JsonField } from '#models/json-field'
import { assetFromFile, filesUnder } from './asset.mjs'
import { CommandError } from './command-error.mjs'

/** @import { RuntimeBuild } from '../src/engine/embedding-session.ts' */
/** @import { Asset } from './asset.mjs' */

/**
 * @typedef {object} Versions
 * @property {string} library
 * @property {string} onnxruntime
 */

/**
 * @param {URL} url of a package.json
 * @returns {Promise<JsonField>}
 */
async function readPackage(url) {
  return JsonField.root(JSON.parse(await readFile(url, 'utf8')), url.href)
}

/**
 * @returns {Promise<Versions>} of the library and of the onnxruntime beside it
 * @throws {CommandError} when that is not the onnxruntime that the library was made for
 */
export async function readVersions() {
  const own = await readPackage(new URL('../package.json', import.meta.url))
  // Not `onnxruntime-web/package.json`, which the package does not export.
  const installed = await readPackage(new URL('../package.json', import.meta.resolve('onnxruntime-web/wasm')))
  const onnxruntime = installed.at('version').text()
  const wanted = own.at('dependencies').at('onnxruntime-web').text()
  // Glue of one version with a module of another fails in ways that nobody can read.
  if (onnxruntime !== wanted) {
    throw new CommandError(`onnxruntime-web ${onnxruntime} is installed; this library needs ${wanted}.`)
  }
  return { library: own.at('version').text(), onnxruntime }
}

/**
 * @param {readonly RuntimeBuild[]} builds
 * @returns {Promise<Asset[]>} glue and module of each, in `runtime/`
 */
export async function runtimeAssets(builds) {
  const names = builds.flatMap((build) => {
    const { mjs, wasm } = runtimeFiles(build, 'file:///')
    return [mjs, wasm].map((url) => posix.basename(new URL(url).pathname))
  })
  return Promise.all(
    names.map((name) =>
      assetFromFile(`runtime/${name}`, fileURLToPath(import.meta.resolve(`onnxruntime-web/${name}`))),
    ),
  )
}

/**
 * The library as few files with its dependencies inside, in `library/`; without onnxruntime's own files, which are in
 * `runtime/`.
 *
 * @returns {Promise<Asset[]>}
 */
export async function libraryAssets() {
  const folder = fileURLToPath(new URL('../dist/bundle', import.meta.url))
  const paths = [...(await filesUnder(folder)).keys()].filter(
    (path) => !posix.basename(path).startsWith('ort-wasm-'),
  )
  return Promise.all(paths.map((path) => assetFromFile(`library/${path}`, join(folder, path))))
}
