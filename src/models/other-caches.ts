/**
 * Model files that other software of this origin keeps in the Cache API, transformers.js above all. They are read and
 * verified, never written or deleted. Loaded only where the origin has caches of others.
 */

import { EmbeddingsError } from '../openai/errors.ts'
import { checkWhole, verifyBytes, type Expected } from './verify.ts'

/**
 * Where transformers.js 4 keeps its files, unless told otherwise (`env.cacheKey`): under the hub's address of a file,
 * or under that below `env.localModelPath`.
 */
const TRANSFORMERS_CACHE = 'transformers-cache'

/** A file that is looked for. */
export interface WantedFile {
  url: string
  /** The hub's address of the same file; counts only where its hash is known. */
  hubUrl: string | null
  /** Size and hash; undefined: only transformers.js's own cache is trusted to hold the file. */
  expected: Expected | undefined
}

/**
 * The file, verified as far as anything is known of it; null when no other cache has it as it should be.
 *
 * @param others names of the caches that other software keeps
 */
export async function readOtherCaches(
  wanted: WantedFile,
  others: readonly string[],
): Promise<ArrayBuffer | null> {
  const { url, hubUrl, expected } = wanted
  const addresses = expected === undefined || hubUrl === null ? [url] : [url, hubUrl]
  try {
    const names = others.filter((name) => expected !== undefined || name === TRANSFORMERS_CACHE)
    for (const cacheName of names) {
      for (const address of addresses) {
        const response = await caches.match(address, { cacheName })
        const bytes = response === undefined ? null : await readVerified(response, wanted)
        if (bytes !== null) return bytes
      }
    }
    return null
  } catch (error) {
    if (!(error instanceof DOMException)) throw error
    // A browser that denies its caches has none; `openStore` tells the page so.
    return null
  }
}

async function readVerified(response: Response, { url, expected }: WantedFile): Promise<ArrayBuffer | null> {
  if (!response.ok) return null
  const length = response.headers.get('content-length')
  const compressed = response.headers.has('content-encoding')
  if (expected !== undefined && length !== null && !compressed && Number(length) !== expected.bytes) return null
  const bytes = await response.arrayBuffer()
  try {
    if (expected === undefined) checkWhole(url, bytes)
    else await verifyBytes(url, bytes, expected)
    return bytes
  } catch (error) {
    if (!(error instanceof EmbeddingsError)) throw error
    // Cut, padded with zeros, a web page, or of another version: it is fetched from its server, as if it were not here.
    return null
  }
}
