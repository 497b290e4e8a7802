import { openStore, type OpenedStore } from '../models/open-store.ts'
import type { ServiceConfig } from '../rpc/protocol.ts'
import { PageStore } from './page-store.ts'

/**
 * The store that the options name. Never throws.
 *
 * @param pageStore leads to the page's own store; null: it has none
 */
export function openServiceStore(
  option: ServiceConfig['storage'],
  pageStore: MessagePort | null,
): Promise<OpenedStore> {
  if (pageStore !== null) {
    return Promise.resolve({ store: new PageStore(pageStore), kind: 'page', reason: null })
  }
  // Absent on insecure origins, whatever the types say.
  const { caches, navigator } = globalThis as {
    caches?: CacheStorage
    navigator: { storage?: StorageManager }
  }
  return openStore(option === 'memory' ? 'memory' : 'auto', { caches, storage: navigator.storage })
}
