import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../../src/models/memory-store.ts'
import { openStore } from '../../../src/models/open-store.ts'

describe('MemoryStore', () => {
  test('gives back what was put, as copies that may be transferred', async () => {
    const store = new MemoryStore()
    const bytes = Uint8Array.of(1, 2, 3).buffer
    await store.put('a', bytes)
    structuredClone(bytes, { transfer: [bytes] })
    const first = await store.get('a')
    expect(first).toEqual(Uint8Array.of(1, 2, 3).buffer)
    if (first !== null) structuredClone(first, { transfer: [first] })
    expect(await store.get('a')).toEqual(Uint8Array.of(1, 2, 3).buffer)
  })

  test('forgets what was deleted and says whether it was there', async () => {
    const store = new MemoryStore()
    await store.put('a', new ArrayBuffer(1))
    expect(await store.keys()).toEqual(['a'])
    expect(await store.delete('a')).toBe(true)
    expect(await store.delete('a')).toBe(false)
    expect(await store.get('a')).toBeNull()
  })
})

describe('openStore', () => {
  test('memory by choice needs no reason', async () => {
    expect(await openStore('memory', undefined)).toMatchObject({ store: { kind: 'memory' }, reason: null })
  })

  test('an insecure origin has no Cache API: memory, and says so', async () => {
    expect(await openStore('auto', undefined)).toMatchObject({
      store: { kind: 'memory' },
      reason: 'no Cache API on an insecure origin',
    })
  })

  test('a browser that denies storage: memory, and says so', async () => {
    const denying = { open: () => Promise.reject(new Error('The operation is insecure.')) } as unknown as CacheStorage
    expect(await openStore('auto', denying)).toMatchObject({
      store: { kind: 'memory' },
      reason: 'the browser denies storage: The operation is insecure.',
    })
  })
})
