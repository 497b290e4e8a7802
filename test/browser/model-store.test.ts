/** The stores of model files in the browser's own storage. */

import { afterAll, describe, expect, test } from 'vitest'
import { serveStore } from '../../src/client/serve-store.ts'
import { CACHE_NAME, CacheStore } from '../../src/models/cache-store.ts'
import { MemoryStore } from '../../src/models/memory-store.ts'
import { OPFS_FOLDER, OpfsStore } from '../../src/models/opfs-store.ts'
import type { ModelStore, StoredFile, StoredRecord } from '../../src/models/store.ts'
import { PageStore } from '../../src/worker/page-store.ts'
import { testModelStore } from './model-store.contract.ts'

const URL_A = 'https://app.example/a.bin'
const RECORD: StoredRecord = {
  bytes: 10,
  sha256: '0123456789abcdef'.repeat(4),
  etag: null,
  trust: 'manifest',
  model: 'a',
}

async function emptyCache(): Promise<CacheStore> {
  await caches.delete(CACHE_NAME)
  return CacheStore.open(caches)
}

async function emptyOpfs(): Promise<OpfsStore> {
  const store = await OpfsStore.open(navigator.storage)
  for await (const name of (await folder()).keys()) await (await folder()).removeEntry(name)
  return store
}

async function folder(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(OPFS_FOLDER)
}

afterAll(async () => {
  await caches.delete(CACHE_NAME)
  await (await navigator.storage.getDirectory()).removeEntry(OPFS_FOLDER, { recursive: true })
})

describe('memory', () => {
  testModelStore(() => Promise.resolve(new MemoryStore()))
})

/** As a page may write one, without any care for what becomes of its buffers. */
function plainStore(): ModelStore {
  const files = new Map<string, StoredFile>()
  return {
    get: (url) => Promise.resolve(files.get(url) ?? null),
    put: (url, bytes, record) => {
      files.set(url, { bytes, record })
      return Promise.resolve()
    },
    delete: (url) => Promise.resolve(files.delete(url)),
    list: () =>
      Promise.resolve([...files].map(([url, { bytes, record }]) => ({ url, bytes: bytes.byteLength, record }))),
  }
}

describe('a store of the page’s own, over its port', () => {
  testModelStore(() => {
    const { port1, port2 } = new MessageChannel()
    serveStore(plainStore(), port1)
    return Promise.resolve(new PageStore(port2))
  })
})

describe('the Cache API', () => {
  testModelStore(emptyCache)

  test('what an earlier version kept has no record', async () => {
    const store = await emptyCache()
    const cache = await caches.open(CACHE_NAME)
    await cache.put(URL_A, new Response(new ArrayBuffer(10), { headers: { 'content-length': '10' } }))
    expect(await store.get(URL_A)).toEqual({ bytes: new ArrayBuffer(10), record: null })
    expect(await store.list()).toEqual([{ url: URL_A, bytes: 10, record: null }])
  })
})

describe('the origin-private file system', () => {
  testModelStore(emptyOpfs)

  async function names(): Promise<string[]> {
    const found: string[] = []
    for await (const name of (await folder()).keys()) found.push(name)
    return found
  }

  async function replace(ending: string, content: Uint8Array<ArrayBuffer>): Promise<void> {
    const name = (await names()).find((candidate) => candidate.endsWith(ending))!
    const writable = await (await (await folder()).getFileHandle(name)).createWritable()
    await writable.write(content)
    await writable.close()
  }

  test('a file without its marker does not count', async () => {
    const store = await emptyOpfs()
    await store.put(URL_A, new ArrayBuffer(10), RECORD)
    await (await folder()).removeEntry((await names()).find((name) => name.endsWith('.json'))!)
    expect(await store.get(URL_A)).toBeNull()
    expect(await store.list()).toEqual([])
  })

  test.each(['', '{"url":"https', '[]', 'null', '{"url":7,"bytes":10}'])(
    'nor one whose marker was never finished, or is none: %o',
    async (marker) => {
      const store = await emptyOpfs()
      await store.put(URL_A, new ArrayBuffer(10), RECORD)
      await replace('.json', new TextEncoder().encode(marker))
      expect(await store.get(URL_A)).toBeNull()
      expect(await store.list()).toEqual([])
    },
  )

  test('what an earlier version kept, or a record that is none, counts as a file without a record', async () => {
    const store = await emptyOpfs()
    for (const marker of [
      { url: URL_A, bytes: 10 },
      { url: URL_A, bytes: 10, record: { ...RECORD, sha256: '?' } },
    ]) {
      await store.put(URL_A, new ArrayBuffer(10), RECORD)
      await replace('.json', new TextEncoder().encode(JSON.stringify(marker)))
      expect(await store.get(URL_A)).toEqual({ bytes: new ArrayBuffer(10), record: null })
    }
  })

  test('nor one that is shorter than its marker says; it can be put and deleted as ever', async () => {
    const store = await emptyOpfs()
    await store.put(URL_A, new ArrayBuffer(10), RECORD)
    await replace('.bin', new Uint8Array(9))
    expect(await store.get(URL_A)).toBeNull()
    await store.put(URL_A, new ArrayBuffer(10), RECORD)
    expect((await store.get(URL_A))?.bytes.byteLength).toBe(10)
    expect(await store.delete(URL_A)).toBe(true)
    expect(await names()).toEqual([])
  })
})
