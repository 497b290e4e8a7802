/** Records of stored files, read back. What lies on a disk or comes from a page is untrusted. */

import type { StoredRecord } from './store.ts'

const TRUST: readonly StoredRecord['trust'][] = ['manifest', 'hub', 'first use']

/** A record; null when it is none. */
export function readRecord(value: unknown): StoredRecord | null {
  if (typeof value !== 'object' || value === null) return null
  const { bytes, sha256, etag, trust, model } = value as Record<string, unknown>
  const known = TRUST.find((kind) => kind === trust)
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0 || known === undefined) return null
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256) || typeof model !== 'string') return null
  return { bytes, sha256, etag: typeof etag === 'string' ? etag : null, trust: known, model }
}

/** Names of the models that a stored file belongs to; null: kept by an earlier version, which had no records. */
export function ownersOf(record: StoredRecord | null): readonly (string | null)[] {
  return record?.model.split(' ') ?? [null]
}

/** As `readRecord`, from JSON. */
export function parseRecord(json: string | null): StoredRecord | null {
  if (json === null) return null
  try {
    return readRecord(JSON.parse(json))
  } catch {
    return null
  }
}
