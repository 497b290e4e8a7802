/**
 * What the hub's API tells of a repository at one revision: its commit, and every file with size and hash. Source: the
 * `model_info(files_metadata=True)` of huggingface_hub and its `RepoSibling`, read 2026-11. The hub's other way to tell a
 * hash, `X-Linked-ETag`, stands on a redirect, which a page cannot read. The JSON is untrusted.
 */

import { EmbeddingsError } from '../openai/errors.ts'
import { JsonField } from './json-field.ts'
import { isModelId } from './hub-layout.ts'
import { SAFE_PATH } from './manifest.ts'
import type { FileRecord } from './recipe.ts'

/** One repository at one commit. */
export interface HubListing {
  /** Hash of the commit: what lies under it never changes. */
  commit: string
  /** Unix time in seconds; 0 where it is not told. */
  created: number
  /** By path under the repository. */
  files: ReadonlyMap<string, FileRecord>
  /** The repository of which this one has the weights in another format, as its author declared; null: none. */
  quantizedFrom: string | null
}

/** The hub's larger files are `lfs`, known by SHA-256; for the others it tells what git tells. */
function readFile(field: JsonField, path: string): FileRecord {
  const lfs = field.at('lfs')
  const bytes = field.at('size').integer(0, 2 ** 50)
  if (lfs.isAbsent) {
    return { path, bytes, sha256: null, gitSha1: field.at('blobId').matching(/^[0-9a-f]{40}$/, 'a git hash') }
  }
  return { path, bytes, sha256: lfs.at('sha256').matching(/^[0-9a-f]{64}$/, '64 hexadecimal digits') }
}

const QUANTIZED = 'base_model:quantized:'

/**
 * Reads the answer of `/api/models/<id>/revision/<revision>?blobs=true`.
 *
 * @param id repository, for messages
 * @throws EmbeddingsError `bad_model_file` naming the field; `model_not_found` for a repository that only accounts get
 */
export function parseListing(id: string, json: unknown): HubListing {
  const root = JsonField.root(json, `the hub's listing of ${id}`)
  const gated = root.at('gated')
  if (!gated.isAbsent && gated.value !== false) {
    throw new EmbeddingsError(
      'model_not_found',
      `The files of ${id} are for accounts that accepted its conditions (gated), and this library sends no account. ` +
        'Take the files yourself, serve them in hub layout, and pass the option modelsUrl.',
      { param: 'model' },
    )
  }
  const files = new Map<string, FileRecord>()
  for (const field of root.at('siblings').list()) {
    const path = field.at('rfilename').text()
    // Names with blanks and the like are no files of a model's.
    if (SAFE_PATH.test(path)) files.set(path, readFile(field, path))
  }
  const tags = root.at('tags')
  const quantized = (tags.isAbsent ? [] : tags.list())
    .flatMap(({ value }) => (typeof value === 'string' && value.startsWith(QUANTIZED) ? [value.slice(QUANTIZED.length)] : []))
    .filter(isModelId)
  const created = Date.parse(String(root.at('createdAt').value))
  return {
    commit: root.at('sha').matching(/^[0-9a-f]{40}$/, 'a commit'),
    created: Number.isNaN(created) ? 0 : Math.floor(created / 1000),
    files,
    // Of two there is no telling which is meant.
    quantizedFrom: quantized.length === 1 ? (quantized[0] ?? null) : null,
  }
}
