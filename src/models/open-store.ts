import { CacheStore } from './cache-store.ts'
import { MemoryStore } from './memory-store.ts'
import type { ModelStore, StoreKind } from './store.ts'

/** The store in use, and why it is not the one that comes first where it is not. */
export interface OpenedStore {
  store: ModelStore
  kind: StoreKind
  /** Why `auto` came to something else than the Cache API; null otherwise. */
  reason: string | null
}

/** What a browser has for keeping files; absent on insecure origins. */
export interface BrowserStorage {
  caches: CacheStorage | undefined
  storage: StorageManager | undefined
}

/** Opens the lasting store, or says why only memory is left. Never throws. */
export async function openStore(option: 'auto' | 'memory', browser: BrowserStorage): Promise<OpenedStore> {
  if (option === 'memory') return { store: new MemoryStore(), kind: 'memory', reason: null }
  const { caches, storage } = browser
  if (caches === undefined && storage === undefined) {
    return { store: new MemoryStore(), kind: 'memory', reason: 'no Cache API on an insecure origin' }
  }
  const reasons: string[] = []
  try {
    if (caches === undefined) throw new Error('there is none')
    return { store: await CacheStore.open(caches), kind: 'cache', reason: null }
  } catch (error) {
    reasons.push(`the browser denies the Cache API: ${textOf(error)}`)
  }
  try {
    if (storage === undefined) throw new Error('there is none')
    // Few browsers come so far.
    const { OpfsStore } = await import('./opfs-store.ts')
    return { store: await OpfsStore.open(storage), kind: 'opfs', reason: reasons.join('; ') }
  } catch (error) {
    reasons.push(`and the origin-private file system: ${textOf(error)}`)
  }
  return { store: new MemoryStore(), kind: 'memory', reason: reasons.join('; ') }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
