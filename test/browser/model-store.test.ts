/** The stores of model files in the browser's own storage. */

import { afterAll, describe, expect, test } from 'vitest'
import { CACHE_NAME, CacheStore } from '../../src/models/cache-store.ts'
import { MemoryStore } from '../../src/models/memory-store.ts'
import { OPFS_FOLDER, OpfsStore } from '../../src/models/opfs-store.ts'
import { testModelStore } from './model-store.contract.ts'

const URL_A = 'https://app.example/a.bin'

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

describe('the Cache API', () => {
  testModelStore(emptyCache)
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
    await store.put(URL_A, new ArrayBuffer(10))
    await (await folder()).removeEntry((await names()).find((name) => name.endsWith('.json'))!)
    expect(await store.get(URL_A)).toBeNull()
    expect(await store.keys()).toEqual([])
  })

  test('nor one whose marker was never finished', async () => {
    const store = await emptyOpfs()
    await store.put(URL_A, new ArrayBuffer(10))
    await replace('.json', new Uint8Array())
    expect(await store.get(URL_A)).toBeNull()
    expect(await store.keys()).toEqual([])
  })

  test('nor one that is shorter than its marker says; it can be put and deleted as ever', async () => {
    const store = await emptyOpfs()
    await store.put(URL_A, new ArrayBuffer(10))
    await replace('.bin', new Uint8Array(9))
    expect(await store.get(URL_A)).toBeNull()
    await store.put(URL_A, new ArrayBuffer(10))
    expect((await store.get(URL_A))?.byteLength).toBe(10)
    expect(await store.delete(URL_A)).toBe(true)
    expect(await names()).toEqual([])
  })
})
