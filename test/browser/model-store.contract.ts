/** What every store of model files does, whatever it keeps them in. */

import { expect, test } from 'vitest'
import type { ModelStore, StoredRecord } from '../../src/models/store.ts'

const A = 'https://app.example/models/a/onnx/model.onnx'
const B = `https://app.example/models/b/${'long/'.repeat(100)}tokenizer.json`
const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer

/** Only its form matters here: no store looks at what a record says. */
function recordOf(file: ArrayBuffer, fields: Partial<StoredRecord> = {}): StoredRecord {
  return {
    bytes: file.byteLength,
    sha256: '0123456789abcdef'.repeat(4),
    etag: null,
    trust: 'manifest',
    model: 'a',
    ...fields,
  }
}

const put = (store: ModelStore, url: string, file: ArrayBuffer): Promise<void> =>
  store.put(url, file, recordOf(file))
const contentOf = async (store: ModelStore, url: string): Promise<ArrayBuffer | null> =>
  (await store.get(url))?.bytes ?? null
const addresses = async (store: ModelStore): Promise<string[]> =>
  (await store.list()).map(({ url }) => url).toSorted()

/** @param open a store that is empty */
export function testModelStore(open: () => Promise<ModelStore>): void {
  test('has nothing at first', async () => {
    const store = await open()
    expect(await store.get(A)).toBeNull()
    expect(await addresses(store)).toEqual([])
    expect(await store.delete(A)).toBe(false)
  })

  test('gives back what was put, each time anew, however the caller treats it', async () => {
    const store = await open()
    const given = bytes(1, 2, 3)
    await put(store, A, given)
    structuredClone(given, { transfer: [given] })
    const first = await contentOf(store, A)
    expect(first).toEqual(bytes(1, 2, 3))
    if (first !== null) structuredClone(first, { transfer: [first] })
    expect(await contentOf(store, A)).toEqual(bytes(1, 2, 3))
  })

  test('keeps files apart, under addresses of any length', async () => {
    const store = await open()
    await put(store, A, bytes(1))
    await put(store, B, bytes(2, 2))
    expect(await contentOf(store, A)).toEqual(bytes(1))
    expect(await contentOf(store, B)).toEqual(bytes(2, 2))
    expect(await addresses(store)).toEqual([A, B])
  })

  test('replaces a file, also by a shorter and by an empty one', async () => {
    const store = await open()
    for (const content of [bytes(1, 2, 3), bytes(4), bytes()]) {
      await put(store, A, content)
      expect(await contentOf(store, A)).toEqual(content)
      expect(await addresses(store)).toEqual([A])
    }
  })

  test('forgets what was deleted, says whether it was there, and nothing else', async () => {
    const store = await open()
    await put(store, A, bytes(1))
    await put(store, B, bytes(2))
    expect(await store.delete(A)).toBe(true)
    expect(await store.delete(A)).toBe(false)
    expect(await store.get(A)).toBeNull()
    expect(await addresses(store)).toEqual([B])
  })

  test('gives a file’s record back with it, and lists it with its size', async () => {
    const store = await open()
    const file = bytes(1, 2, 3)
    const first = recordOf(file, { etag: '"é-1"', trust: 'hub', model: 'org/model-a' })
    await store.put(A, file, first)
    expect((await store.get(A))?.record).toEqual(first)
    expect(await store.list()).toEqual([{ url: A, bytes: 3, record: first }])
    const second = recordOf(bytes(4), { trust: 'first use' })
    await store.put(A, bytes(4), second)
    expect(await store.list()).toEqual([{ url: A, bytes: 1, record: second }])
  })

  test('takes a file of some megabytes', async () => {
    const store = await open()
    const large = new Uint8Array(5_000_000).map((_, index) => index % 251)
    await put(store, A, large.buffer)
    const kept = await contentOf(store, A)
    expect(kept?.byteLength).toBe(large.length)
    expect(indexedDB.cmp(kept, large.buffer)).toBe(0)
  })
}
