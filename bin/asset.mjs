/** A file that is to be copied, wherever it comes from. */

import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'

/**
 * @typedef {object} Asset
 * @property {string} path under the target folder, with `/`
 * @property {number} bytes
 * @property {string} sha256 lower-case hexadecimal
 * @property {string} origin where it comes from, for messages
 * @property {(signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>} open what is in it
 */

/**
 * @param {AsyncIterable<Uint8Array>} chunks
 * @returns {Promise<{ bytes: number, sha256: string }>}
 */
async function digest(chunks) {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of chunks) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { bytes, sha256: hash.digest('hex') }
}

/**
 * @param {string} file on this machine
 * @returns {Promise<{ bytes: number, sha256: string } | null>} null: there is no such file
 */
export async function digestFile(file) {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats?.isFile() === true ? digest(createReadStream(file)) : null
}

/**
 * @param {string} folder on this machine
 * @returns {Promise<Map<string, number>>} size by path under it, with `/`; links to files included
 */
export async function filesUnder(folder) {
  const paths = await readdir(folder, { recursive: true })
  const stats = await Promise.all(paths.map((path) => stat(join(folder, path))))
  const entries = paths.map((path, index) => /** @type {const} */ ([path.replaceAll('\\', '/'), stats[index]]))
  const files = entries.filter(([, found]) => found?.isFile() === true)
  return new Map(files.map(([path, found]) => [path, found?.size ?? 0]))
}

/**
 * @param {string} path under the target folder
 * @param {string} file on this machine
 * @returns {Promise<Asset>}
 * @throws {Error} the system's own when the file cannot be read
 */
export async function assetFromFile(path, file) {
  const { bytes, sha256 } = await digest(createReadStream(file))
  return { path, bytes, sha256, origin: file, open: () => Promise.resolve(createReadStream(file)) }
}

/**
 * @param {string} path under the target folder
 * @param {Uint8Array} content
 * @param {string} origin for messages
 * @returns {Asset}
 */
export function assetFromBytes(path, content, origin) {
  return {
    path,
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    origin,
    open: () => Promise.resolve(Readable.from([content])),
  }
}
