/**
 * A model's repository on the Hugging Face hub. `GET /api/models/<id>/revision/<revision>?blobs=true` tells the commit and
 * every file with its size and hash: SHA-256 of what is kept in large file storage, git's own blob hash of the rest.
 */

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { JsonField } from '#models/json-field'
import { assetFromBytes } from './asset.mjs'
import { CommandError } from './command-error.mjs'

/** @import { ModelSource } from './model-folder.mjs' */

/** Larger files are kept in large file storage by the hub itself, and read as a stream. */
const LARGEST_SMALL_FILE = 64 * 2 ** 20

const GIT_HASH = /^[0-9a-f]{40}$/

/**
 * @typedef {object} HubFile
 * @property {number} bytes
 * @property {string | null} sha256 null: only git's hash is known
 * @property {string} gitSha1
 */

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<Response>} with status 200
 * @throws {CommandError} naming the address
 */
async function request(url, signal) {
  let response
  try {
    response = await fetch(url, { signal })
  } catch (error) {
    signal.throwIfAborted()
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    throw new CommandError(
      `${url} could not be fetched: ${cause}. --from <folder> takes models from this machine.`,
    )
  }
  if (response.status === 200) return response
  await response.body?.cancel()
  const hints = {
    401: ': there is no such model, or it is not public',
    404: ': there is no such model or revision',
  }
  const hint = Object.entries(hints).find(([status]) => Number(status) === response.status)?.[1] ?? ''
  throw new CommandError(`${url} answered with status ${String(response.status)}${hint}.`)
}

/**
 * @param {string} url
 * @param {number} bytes that the hub tells
 * @param {AbortSignal} signal
 * @returns {Promise<Uint8Array>}
 * @throws {CommandError} when the connection breaks off or another number of bytes comes
 */
async function readBody(url, bytes, signal) {
  const content = new Uint8Array(bytes)
  let offset = 0
  const { body } = await request(url, signal)
  try {
    for await (const chunk of /** @type {AsyncIterable<Uint8Array>} */ (body ?? Readable.from([]))) {
      if (offset + chunk.length > bytes) throw new CommandError(`${url} has more than ${String(bytes)} bytes.`)
      content.set(chunk, offset)
      offset += chunk.length
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof CommandError) throw error
    throw new CommandError(`${url} broke off after ${String(offset)} bytes: ${String(error)}.`)
  }
  if (offset < bytes)
    throw new CommandError(`${url} has ${String(offset)} bytes; the hub says ${String(bytes)}.`)
  return content
}

/**
 * @param {JsonField} sibling entry of the listing
 * @returns {[path: string, file: HubFile]}
 */
function readEntry(sibling) {
  const lfs = sibling.at('lfs')
  const file = {
    bytes: sibling.at('size').integer(0, Number.MAX_SAFE_INTEGER),
    sha256: lfs.isAbsent ? null : lfs.at('sha256').matching(/^[0-9a-f]{64}$/, '64 hexadecimal digits'),
    gitSha1: sibling.at('blobId').matching(GIT_HASH, '40 hexadecimal digits'),
  }
  return [sibling.at('rfilename').text(), file]
}

/**
 * @param {string} url of the listing
 * @param {AbortSignal} signal
 * @returns {Promise<{ commit: string, files: Map<string, HubFile> }>}
 * @throws {Error} CommandError or EmbeddingsError when it is not the listing that the hub gives
 */
async function readListing(url, signal) {
  const response = await request(url, signal)
  /** @type {unknown} */
  let listing
  try {
    listing = await response.json()
  } catch {
    signal.throwIfAborted()
    throw new CommandError(`${url} answered with something else than JSON.`)
  }
  const root = JsonField.root(listing, url)
  const commit = root.at('sha').matching(GIT_HASH, '40 hexadecimal digits')
  return { commit, files: new Map(root.at('siblings').list().map(readEntry)) }
}

/**
 * @param {Uint8Array} content
 * @returns {string} what git names it by
 */
function gitHash(content) {
  return createHash('sha1')
    .update(`blob ${String(content.length)}\0`)
    .update(content)
    .digest('hex')
}

/**
 * @param {string} hub address of the hub, ending in `/`
 * @param {string} repository
 * @param {string} revision branch, tag or commit
 * @param {AbortSignal} signal
 * @returns {Promise<ModelSource>} pinned to the commit
 * @throws {CommandError} when the hub cannot be reached or has no such repository
 */
export async function openHubRepository(hub, repository, revision, signal) {
  const listing = `${hub}api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`
  const { commit, files } = await readListing(listing, signal)
  const base = `${hub}${repository}/resolve/${commit}/`

  /** @type {(path: string) => HubFile} */
  const entry = (path) => {
    const file = files.get(path)
    if (file === undefined) throw new CommandError(`${repository} has no ${path} at ${commit}.`)
    return file
  }

  /** @type {ModelSource['read']} */
  const read = async (path) => {
    const { bytes, sha256, gitSha1 } = entry(path)
    if (bytes > LARGEST_SMALL_FILE) {
      throw new CommandError(`${base}${path} has ${String(bytes)} bytes, more than a file of its kind.`)
    }
    const content = await readBody(base + path, bytes, signal)
    const [kind, came, told] =
      sha256 === null
        ? ['git hash', gitHash(content), gitSha1]
        : ['SHA-256', createHash('sha256').update(content).digest('hex'), sha256]
    if (came !== told) throw new CommandError(`${base}${path} has ${kind} ${came}; the hub says ${told}.`)
    return content
  }

  return {
    origin: `${hub}${repository} at ${commit}`,
    revision: commit,
    files: new Map([...files].map(([path, { bytes }]) => [path, bytes])),
    read,
    asset: async (path, target) => {
      const { bytes, sha256 } = entry(path)
      const origin = base + path
      if (sha256 === null) return assetFromBytes(target, await read(path), origin)
      return {
        path: target,
        bytes,
        sha256,
        origin,
        open: async (signal) => {
          const { body } = await request(origin, signal)
          if (body === null) throw new CommandError(`${origin} is empty.`)
          return body
        },
      }
    },
  }
}
