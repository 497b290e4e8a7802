/** A model's repository on the Hugging Face hub, at one commit, every file checked by the hash that the hub lists. */

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { HUB_URL, listingUrl } from '#models/hub-layout'
import { parseListing } from '#models/hub-listing'
import { assetFromBytes } from './asset.mjs'
import { CommandError } from './command-error.mjs'
import { jsonReader } from './model-source.mjs'

/** @import { HubListing } from '../src/models/hub-listing.ts' */
/** @import { ModelSource } from './model-source.mjs' */

/** Larger files are kept in large file storage by the hub itself, and read as a stream. */
const LARGEST_SMALL_FILE = 64 * 2 ** 20

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
 * @param {string} hub address of the hub, ending in `/`
 * @param {string} repository
 * @param {string} revision branch, tag or commit
 * @param {AbortSignal} signal
 * @returns {Promise<HubListing>}
 * @throws {Error} CommandError or EmbeddingsError when it is not the listing that the hub gives
 */
async function readListing(hub, repository, revision, signal) {
  const url = listingUrl(repository, revision).replace(HUB_URL, hub)
  const response = await request(url, signal)
  /** @type {unknown} */
  let listing
  try {
    listing = await response.json()
  } catch {
    signal.throwIfAborted()
    throw new CommandError(`${url} answered with something else than JSON.`)
  }
  return parseListing(repository, listing)
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
 * @throws {Error} CommandError or EmbeddingsError when the hub cannot be reached or has no such repository
 */
export async function openHubRepository(hub, repository, revision, signal) {
  const { commit, files, quantizedFrom, created } = await readListing(hub, repository, revision, signal)
  const base = `${hub}${repository}/resolve/${commit}/`

  /** @type {ModelSource['read']} */
  const read = async (path) => {
    const file = files.get(path)
    if (file === undefined) throw new CommandError(`${repository} has no ${path} at ${commit}.`)
    const { bytes, sha256, gitSha1 } = file
    if (bytes > LARGEST_SMALL_FILE) {
      throw new CommandError(`${base}${path} has ${String(bytes)} bytes, more than a file of its kind.`)
    }
    const content = await readBody(base + path, bytes, signal)
    const [kind, came, told] =
      sha256 === null
        ? ['git hash', gitHash(content), gitSha1]
        : ['SHA-256', createHash('sha256').update(content).digest('hex'), sha256]
    if (came !== told)
      throw new CommandError(`${base}${path} has ${kind} ${came}; the hub says ${String(told)}.`)
    return content
  }

  return {
    ...jsonReader(read, files, base),
    path: repository,
    revision: commit,
    files,
    name: base,
    asked: revision,
    created,
    read,
    madeFrom: () =>
      quantizedFrom === null ? Promise.resolve(null) : openHubRepository(hub, quantizedFrom, 'main', signal),
    asset: async (path, target) => {
      const file = files.get(path)
      const origin = base + path
      if (file === undefined || file.sha256 === null) return assetFromBytes(target, await read(path), origin)
      const open = async (/** @type {AbortSignal} */ stop) => {
        const { body } = await request(origin, stop)
        if (body === null) throw new CommandError(`${origin} is empty.`)
        return body
      }
      return { path: target, bytes: file.bytes, sha256: file.sha256, origin, open }
    },
  }
}
