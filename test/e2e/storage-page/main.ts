/** What the test does with the stores of one page, and what it is told as plain data. */

import {
  EmbeddingsClient,
  EmbeddingsError,
  type EmbeddingsClientOptions,
  type ModelStatus,
  type ModelStore,
} from '../../../src/index.ts'
import { CACHE_NAME, CacheStore } from '../../../src/models/cache-store.ts'
import { OPFS_FOLDER, OpfsStore } from '../../../src/models/opfs-store.ts'

export type LastingStore = 'cache' | 'opfs'

/** What became of one request. */
export interface StorageOutcome {
  vector: number[] | null
  error: { code: string; message: string } | null
  status: ModelStatus | null
}

interface StoragePage {
  embed(model: string, options: EmbeddingsClientOptions): Promise<StorageOutcome>
  /** The same with a store of the page's own, that keeps nothing. */
  embedWithOwnStore(model: string, options: EmbeddingsClientOptions): Promise<StorageOutcome>
  /** Gives up at the first byte of a graph; answers the name of what it rejects with. */
  giveUp(model: string, options: EmbeddingsClientOptions): Promise<string>
  /** Paths of the files in the Cache API. */
  cached(): Promise<string[]>
  put(store: LastingStore, url: string, bytes: number): Promise<void>
  remove(store: LastingStore, url: string): Promise<boolean>
  /** Whether the origin-private file system has anything yet, also a file that is not finished. */
  writing(): Promise<boolean>
  /** What a store has under an address: the file's size, and whether it is in the list. */
  look(store: LastingStore, url: string): Promise<{ file: number | null; listed: boolean }>
}

declare global {
  var storagePage: StoragePage
}

const defaults = { device: 'wasm', workers: 1, cpuRuntime: 'onnxruntime' } as const

const open = (store: LastingStore): Promise<ModelStore> =>
  store === 'cache' ? CacheStore.open(caches) : OpfsStore.open(navigator.storage)

globalThis.storagePage = {
  async embed(model, options) {
    const client = new EmbeddingsClient({ ...defaults, ...options })
    try {
      const { data } = await client.embeddings.create({ model, input: 'red' })
      return { vector: data[0]?.embedding ?? null, error: null, status: await client.models.status(model) }
    } catch (error) {
      if (!(error instanceof EmbeddingsError)) throw error
      const { code, message } = error
      return { vector: null, error: { code, message }, status: null }
    } finally {
      await client.close()
    }
  },

  embedWithOwnStore(model, options) {
    const storage: ModelStore = {
      get: () => Promise.resolve(null),
      put: () => Promise.resolve(),
      delete: () => Promise.resolve(false),
      list: () => Promise.resolve([]),
    }
    return globalThis.storagePage.embed(model, { ...options, storage })
  },

  async writing() {
    const root = await navigator.storage.getDirectory()
    const folder = await root.getDirectoryHandle(OPFS_FOLDER, { create: true })
    for await (const name of folder.keys()) if (!name.endsWith('.json')) return true
    return false
  },

  async giveUp(model, options) {
    const client = new EmbeddingsClient({ ...defaults, ...options })
    const controller = new AbortController()
    try {
      await client.models.load(model, {
        signal: controller.signal,
        onProgress: (event) => {
          if (event.type === 'download' && event.file.endsWith('.onnx') && event.loaded > 0) controller.abort()
        },
      })
      return 'loaded'
    } catch (error) {
      return error instanceof Error ? error.name : String(error)
    } finally {
      await client.close()
    }
  },

  async cached() {
    const requests = await (await caches.open(CACHE_NAME)).keys()
    return requests.map(({ url }) => new URL(url).pathname)
  },

  async put(store, url, bytes) {
    const record = { bytes, sha256: '0'.repeat(64), etag: null, trust: 'first use', model: 'a' } as const
    await (await open(store)).put(url, new ArrayBuffer(bytes), record)
  },

  async remove(store, url) {
    return (await open(store)).delete(url)
  },

  async look(store, url) {
    const opened = await open(store)
    const file = await opened.get(url)
    return {
      file: file?.bytes.byteLength ?? null,
      listed: (await opened.list()).some((entry) => entry.url === url),
    }
  },
}
document.title = 'ready'
