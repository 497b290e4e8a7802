import { CacheStore } from './cache-store.ts'
import { MemoryStore } from './memory-store.ts'
import type { ModelStore } from './store.ts'

/** The store in use, and why it is not the lasting one where it is not. */
export interface OpenedStore {
  store: ModelStore
  /** Why files are kept in memory though `auto` was asked for; null otherwise. */
  reason: string | null
}

/** Opens the lasting store, or says why only memory is left. Never throws. */
export async function openStore(
  option: 'auto' | 'memory',
  caches: CacheStorage | undefined,
): Promise<OpenedStore> {
  if (option === 'memory') return { store: new MemoryStore(), reason: null }
  if (caches === undefined) return { store: new MemoryStore(), reason: 'no Cache API on an insecure origin' }
  try {
    return { store: await CacheStore.open(caches), reason: null }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { store: new MemoryStore(), reason: `the browser denies storage: ${reason}` }
  }
}
