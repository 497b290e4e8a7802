/** What a model was described by, compared with what its server says now. Loaded where files differ from it. */

import { findInCatalog } from './catalog.ts'
import { fileUrl, listingUrl } from './hub-layout.ts'
import type { ModelFiles } from './model-files.ts'
import { loadWithoutManifest, MANIFEST } from './resolve.ts'
import { parseJson } from './verify.ts'

const IGNORE_PROGRESS = (): void => undefined

/**
 * Drops a model's kept description (its manifest, or the hub's listing) where the server's is another by now.
 *
 * @param modelsUrl absolute, ending in `/`; null: the hub
 * @returns true when it was dropped
 */
export async function renewDescription(
  id: string,
  modelsUrl: string | null,
  files: ModelFiles,
  signal: AbortSignal,
): Promise<boolean> {
  const known = findInCatalog(id)
  const names = [...new Set([id, known?.path ?? id])]
  const stored = await files.stored()
  let changed = false
  for (const model of names) {
    const url =
      modelsUrl === null ? listingUrl(model, known?.revision ?? 'main') : fileUrl(modelsUrl, model, 'main', MANIFEST)
    if (!stored.has(url)) continue
    const options = { signal, onProgress: IGNORE_PROGRESS }
    const { bytes: kept } = await files.read({ url, model, expected: undefined }, options)
    const fresh = await fetchAnew(url, signal)
    if (fresh === null || !(await isOther(id, modelsUrl, url, kept, fresh))) continue
    await files.dropOutdated(url)
    changed = true
  }
  return changed
}

async function isOther(
  id: string,
  modelsUrl: string | null,
  url: string,
  kept: ArrayBuffer,
  fresh: ArrayBuffer,
): Promise<boolean> {
  if (modelsUrl !== null) return !isSame(fresh, kept)
  // The listing also counts downloads and the like.
  const { isOtherCommit } = await loadWithoutManifest()
  return isOtherCommit(id, parseJson(url, kept), parseJson(url, fresh))
}

/** A small file past the browser's own cache; null when it is not to be had. */
async function fetchAnew(url: string, signal: AbortSignal): Promise<ArrayBuffer | null> {
  try {
    const response = await fetch(url, { signal, cache: 'no-cache', credentials: 'same-origin' })
    return response.ok ? await response.arrayBuffer() : null
  } catch (error) {
    signal.throwIfAborted()
    // Offline: what is kept stays in use, and the caller has an error of its own to tell.
    if (error instanceof TypeError) return null
    throw error
  }
}

function isSame(a: ArrayBuffer, b: ArrayBuffer): boolean {
  const [left, right] = [new Uint8Array(a), new Uint8Array(b)]
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}
