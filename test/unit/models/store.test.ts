import { describe, expect, test } from 'vitest'
import { openStore } from '../../../src/models/open-store.ts'

describe('openStore', () => {
  const none = { caches: undefined, storage: undefined }
  const denied = (): Promise<never> => Promise.reject(new Error('The operation is insecure.'))
  const deniedCaches = { open: denied } as unknown as CacheStorage
  const deniedFiles = { getDirectory: denied } as unknown as StorageManager

  test('memory by choice needs no reason', async () => {
    expect(await openStore('memory', none)).toMatchObject({ kind: 'memory', reason: null })
  })

  test('an insecure origin has no storage of this kind: memory, and says so', async () => {
    expect(await openStore('auto', none)).toMatchObject({
      kind: 'memory',
      reason: 'no Cache API on an insecure origin',
    })
  })

  test('a browser that denies all of it: memory, and says of each why', async () => {
    // Node has no file handles of this kind, which is a reason of its own.
    const { kind, reason } = await openStore('auto', { caches: deniedCaches, storage: deniedFiles })
    expect(kind).toBe('memory')
    expect(reason).toMatch(/^the browser denies the Cache API: The operation is insecure.; and the origin-private/)
  })
})
