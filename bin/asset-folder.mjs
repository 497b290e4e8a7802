/** Puts assets into a folder: all verified first, then each put in place at once, the index of them last. */

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { JsonField } from '#models/json-field'
import { digestFile } from './asset.mjs'
import { CommandError } from './command-error.mjs'

/** @import { Asset } from './asset.mjs' */

export const INDEX_NAME = 'browser-embeddings.json'

/** Nothing else is ever removed, whatever an index says. */
const OWN_PATH = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))(?:runtime|library|models)\/[\w./-]+$/

/**
 * @typedef {object} FileEntry
 * @property {string} path under the folder
 * @property {number} bytes
 * @property {string} sha256
 *
 * @typedef {object} Change
 * @property {'copied' | 'unchanged' | 'removed'} what
 * @property {string} path
 * @property {number} bytes
 */

/**
 * @param {string} folder
 * @returns {Promise<FileEntry[]>} what an earlier run left there
 * @throws {Error} CommandError or EmbeddingsError when the index is damaged: what is ours is then not known
 */
export async function readIndex(folder) {
  const file = join(folder, INDEX_NAME)
  let text
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return []
    throw error
  }
  /** @type {unknown} */
  let index
  try {
    index = JSON.parse(text)
  } catch {
    throw new CommandError(`${file} is not JSON: delete it, or choose another folder.`)
  }
  const root = JsonField.root(index, file)
  root.at('format').integer(1, 1)
  return root
    .at('files')
    .list()
    .map((entry) => ({
      path: entry.at('path').matching(OWN_PATH, 'a path under runtime/, library/ or models/'),
      bytes: entry.at('bytes').integer(0, Number.MAX_SAFE_INTEGER),
      sha256: entry.at('sha256').matching(/^[0-9a-f]{64}$/, '64 hexadecimal digits'),
    }))
}

/**
 * @param {Asset} asset
 * @param {string} file to write to
 * @param {AbortSignal} signal
 * @throws {CommandError} when what came is not what was told
 */
async function write(asset, file, signal) {
  await mkdir(dirname(file), { recursive: true })
  const hash = createHash('sha256')
  let bytes = 0
  const measure = new Transform({
    transform(/** @type {Uint8Array} */ chunk, _encoding, done) {
      hash.update(chunk)
      bytes += chunk.length
      // Not on to the end of an endless answer.
      if (bytes > asset.bytes)
        done(new CommandError(`${asset.origin} has more than ${String(asset.bytes)} bytes.`))
      else done(null, chunk)
    },
  })
  try {
    await pipeline(await asset.open(signal), measure, createWriteStream(file), { signal })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof CommandError || (error instanceof Error && 'syscall' in error && 'path' in error))
      throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(`${asset.origin} broke off after ${String(bytes)} bytes: ${reason}.`)
  }
  const sha256 = hash.digest('hex')
  if (bytes === asset.bytes && sha256 === asset.sha256) return
  throw new CommandError(
    `${asset.origin} has ${String(bytes)} bytes and SHA-256 ${sha256}; ` +
      `told were ${String(asset.bytes)} bytes and SHA-256 ${asset.sha256}.`,
  )
}

/**
 * @param {string} folder
 * @param {{ path: string, bytes: number, sha256: string }} entry
 * @returns {Promise<boolean>} whether that very file is there
 */
async function isThere(folder, { path, bytes, sha256 }) {
  const found = await digestFile(join(folder, path))
  return found?.bytes === bytes && found.sha256 === sha256
}

/**
 * @param {string} folder
 * @param {readonly FileEntry[]} before what the index told until now
 * @param {readonly Asset[]} assets
 * @param {(path: string) => boolean} isReplaced true for files in a place that these assets fill anew
 * @returns {Promise<{ kept: FileEntry[], stale: FileEntry[] }>} entries that stay, and files of ours that go
 */
async function sortEntries(folder, before, assets, isReplaced) {
  const coming = new Set(assets.map(({ path }) => path))
  const kept = []
  const stale = []
  for (const entry of before.filter(({ path }) => !coming.has(path))) {
    // Somebody else's by now, or gone: neither is ours to remove or to list.
    if (!(await isThere(folder, entry))) continue
    if (isReplaced(entry.path)) stale.push(entry)
    else kept.push(entry)
  }
  return { kept, stale }
}

/**
 * @param {string} folder absolute
 * @param {readonly Asset[]} assets
 * @param {object} options
 * @param {object} options.about further fields of the index
 * @param {(path: string) => boolean} options.isReplaced true for files of earlier runs that go if they do not come again
 * @param {boolean} options.dryRun
 * @param {AbortSignal} options.signal
 * @param {(change: Change) => void} options.onChange
 * @throws {CommandError} when a file is not what was told; the folder is then as it was
 */
export async function placeAssets(folder, assets, { about, isReplaced, dryRun, signal, onChange }) {
  const before = await readIndex(folder)
  const wanted = []
  for (const asset of assets) {
    if (await isThere(folder, asset)) onChange({ what: 'unchanged', ...asset })
    else wanted.push(asset)
  }
  const { kept, stale } = await sortEntries(folder, before, assets, isReplaced)
  if (dryRun) {
    for (const asset of wanted) onChange({ what: 'copied', ...asset })
    for (const entry of stale) onChange({ what: 'removed', ...entry })
    return
  }
  await mkdir(folder, { recursive: true })
  // Beside the files, so that putting them in place is a change of name and never a copy.
  const staging = await mkdtemp(join(folder, '.copy-assets-'))
  try {
    for (const asset of wanted) {
      await write(asset, join(staging, asset.path), signal)
    }
    const entries = [...kept, ...assets.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 }))]
    entries.sort((a, b) => (a.path < b.path ? -1 : 1))
    const index = `${JSON.stringify({ format: 1, ...about, files: entries }, null, 2)}\n`
    await writeFile(join(staging, INDEX_NAME), index)
    signal.throwIfAborted()
    for (const asset of wanted) {
      await mkdir(dirname(join(folder, asset.path)), { recursive: true })
      await rename(join(staging, asset.path), join(folder, asset.path))
      onChange({ what: 'copied', ...asset })
    }
    await rename(join(staging, INDEX_NAME), join(folder, INDEX_NAME))
    for (const entry of stale) {
      await rm(join(folder, entry.path))
      await removeEmpty(folder, dirname(entry.path))
      onChange({ what: 'removed', ...entry })
    }
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

/**
 * @param {string} folder
 * @param {string} path of a folder under it; it and those above it go as far as they are empty
 */
async function removeEmpty(folder, path) {
  try {
    for (let rest = path; rest !== '.'; rest = dirname(rest)) await rmdir(join(folder, rest))
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error)
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
}
