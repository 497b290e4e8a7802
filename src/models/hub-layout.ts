/** Addresses of a model's files, in Hugging Face hub layout. */

import { EmbeddingsError } from '../openai/errors.ts'

/** The only other origin that the library knows; used when no `modelsUrl` is given. */
export const HUB_URL = 'https://huggingface.co/'

const MODEL_ID = /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)?$/

/**
 * True for a name that may stand in an address: one or two segments of letters, digits, `_`, `-` and `.`,
 * none beginning with a dot, so neither `..` nor an encoded slash leads out of the models' folder.
 */
export function isModelId(id: string): boolean {
  return id.length <= 128 && MODEL_ID.test(id)
}

/**
 * Address of one file of a model.
 *
 * @param modelsUrl base ending in `/`; null: the hub, whose addresses carry the revision
 * @param path the model's folder
 * @throws EmbeddingsError `model_not_found` when the address would leave the base
 */
export function fileUrl(modelsUrl: string | null, path: string, revision: string, file: string): string {
  const base = modelsUrl ?? HUB_URL
  const folder = modelsUrl === null ? `${path}/resolve/${encodeURIComponent(revision)}/` : `${path}/`
  const url = new URL(folder + file, base).href
  if (!url.startsWith(base + folder)) {
    throw new EmbeddingsError('model_not_found', `The model ${path} has no valid address.`, { param: 'model' })
  }
  return url
}

/**
 * What the addresses of all files of a model begin with, whatever the revision.
 *
 * @param modelsUrl as in `fileUrl`
 */
export function modelFolder(modelsUrl: string | null, path: string): string {
  return modelsUrl === null ? `${HUB_URL}${path}/resolve/` : `${modelsUrl}${path}/`
}

/**
 * Address of the hub's list of a repository's files with their sizes and hashes (`parseListing`). Two requests for the same
 * revision of it differ in nothing but counters.
 */
export function listingUrl(path: string, revision: string): string {
  return `${HUB_URL}api/models/${path}/revision/${encodeURIComponent(revision)}?blobs=true`
}
