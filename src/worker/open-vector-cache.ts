import { describeError } from '../rpc/error-codec.ts'
import type { CacheConfig, CacheStatus } from '../rpc/protocol.ts'
import type { ModelVectorCache } from './model-vector-cache.ts'
import type { VectorCache } from './vector-cache.ts'

/** A cache, or why there is none. */
export interface OpenedVectorCache {
  cache: VectorCache | null
  /** Begins the use that one model makes of it; null: every vector is computed. */
  forModel: (() => ModelVectorCache) | null
  /** Why it is not the kind that was asked for; null otherwise. */
  reason: string | null
}

const without = (reason: string | null): OpenedVectorCache => ({ cache: null, forModel: null, reason })

/** Opens the cache of a client. Never throws: without a cache everything is computed, and `status` says why. */
export async function openVectorCache(config: CacheConfig | null): Promise<OpenedVectorCache> {
  if (config === null) return without(null)
  // Absent on insecure origins, whatever the types say.
  if ((globalThis.crypto as Partial<Crypto>).subtle === undefined) {
    return without('no Web Crypto on an insecure origin')
  }
  try {
    // Fetched where a cache is asked for.
    const { MemoryVectorCache, ModelVectorCache } = await import('./model-vector-cache.ts')
    const use = (cache: VectorCache, reason: string | null): OpenedVectorCache => ({
      cache,
      forModel: () => new ModelVectorCache(cache),
      reason,
    })
    if (config.kind === 'memory') return use(new MemoryVectorCache(config.maxEntries), null)
    try {
      const { IndexedVectorCache } = await import('./indexed-vector-cache.ts')
      return use(await IndexedVectorCache.open(config.maxEntries), null)
    } catch (error) {
      const reason = `IndexedDB cannot be had: ${describeError(error)}`
      return use(new MemoryVectorCache(config.maxEntries), reason)
    }
  } catch (error) {
    return without(`The library's own code for the option cache could not be fetched: ${describeError(error)}`)
  }
}

/** What `status` says of the cache and of one model's use of it; null where no cache was asked for. Never throws. */
export async function cacheStatus(
  config: CacheConfig | null,
  { cache, reason }: OpenedVectorCache,
  use: ModelVectorCache | null,
): Promise<CacheStatus | null> {
  if (config === null) return null
  let entries = 0
  let fault = use?.fault ?? reason
  try {
    entries = (await cache?.count()) ?? 0
  } catch (error) {
    // Taken away by another tab, say: the rest of the status is true all the same.
    fault = describeError(error)
  }
  return { kind: cache?.kind ?? 'none', entries, hits: use?.hits ?? 0, misses: use?.misses ?? 0, reason: fault }
}
