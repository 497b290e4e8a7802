import { openStore, type OpenedStore } from '../models/open-store.ts'
import type { ModelStore } from '../models/store.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import type { ServiceConfig } from '../rpc/protocol.ts'

/**
 * The store that the options name.
 *
 * @param pageStore leads to the page's own store; null: it has none
 * @throws EmbeddingsError `model_unreachable` where the code for the page's own store cannot be fetched
 */
export async function openServiceStore(
  option: ServiceConfig['storage'],
  pageStore: MessagePort | null,
): Promise<OpenedStore> {
  if (pageStore !== null) {
    return { store: await openPageStore(pageStore), kind: 'page', reason: null }
  }
  // Absent on insecure origins, whatever the types say.
  const { caches, navigator } = globalThis as {
    caches?: CacheStorage
    navigator: { storage?: StorageManager }
  }
  return openStore(option === 'memory' ? 'memory' : 'auto', { caches, storage: navigator.storage })
}

async function openPageStore(port: MessagePort): Promise<ModelStore> {
  try {
    const { PageStore } = await import('./page-store.ts')
    return new PageStore(port)
  } catch (cause) {
    const message = `The library's own code for the option storage could not be fetched: ${String(cause)}`
    throw new EmbeddingsError('model_unreachable', message, { cause })
  }
}
