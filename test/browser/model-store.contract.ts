/** What every store of model files does, whatever it keeps them in. */

import { expect, test } from 'vitest'
import type { ModelStore } from '../../src/models/store.ts'

const A = 'https://app.example/models/a/onnx/model.onnx'
const B = `https://app.example/models/b/${'long/'.repeat(100)}tokenizer.json`
const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer

/** @param open a store that is empty */
export function testModelStore(open: () => Promise<ModelStore>): void {
  test('has nothing at first', async () => {
    const store = await open()
    expect(await store.get(A)).toBeNull()
    expect(await store.keys()).toEqual([])
    expect(await store.delete(A)).toBe(false)
  })

  test('gives back what was put, each time anew, however the caller treats it', async () => {
    const store = await open()
    const given = bytes(1, 2, 3)
    await store.put(A, given)
    structuredClone(given, { transfer: [given] })
    const first = await store.get(A)
    expect(first).toEqual(bytes(1, 2, 3))
    if (first !== null) structuredClone(first, { transfer: [first] })
    expect(await store.get(A)).toEqual(bytes(1, 2, 3))
  })

  test('keeps files apart, under addresses of any length', async () => {
    const store = await open()
    await store.put(A, bytes(1))
    await store.put(B, bytes(2, 2))
    expect(await store.get(A)).toEqual(bytes(1))
    expect(await store.get(B)).toEqual(bytes(2, 2))
    expect((await store.keys()).toSorted()).toEqual([A, B])
  })

  test('replaces a file, also by a shorter and by an empty one', async () => {
    const store = await open()
    for (const content of [bytes(1, 2, 3), bytes(4), bytes()]) {
      await store.put(A, content)
      expect(await store.get(A)).toEqual(content)
      expect(await store.keys()).toEqual([A])
    }
  })

  test('forgets what was deleted, says whether it was there, and nothing else', async () => {
    const store = await open()
    await store.put(A, bytes(1))
    await store.put(B, bytes(2))
    expect(await store.delete(A)).toBe(true)
    expect(await store.delete(A)).toBe(false)
    expect(await store.get(A)).toBeNull()
    expect(await store.keys()).toEqual([B])
  })

  test('takes a file of some megabytes', async () => {
    const store = await open()
    const large = new Uint8Array(5_000_000).map((_, index) => index % 251)
    await store.put(A, large.buffer)
    const kept = await store.get(A)
    expect(kept?.byteLength).toBe(large.length)
    expect(indexedDB.cmp(kept, large.buffer)).toBe(0)
  })
}
