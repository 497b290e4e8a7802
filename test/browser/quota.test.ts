/** A browser that has no room left: the model runs all the same, and its status says why it is not kept. */

import { afterEach, beforeEach, expect, test } from 'vitest'
import { cdp } from 'vitest/browser'
import { EmbeddingsClient } from '../../src/index.ts'
import { OPFS_FOLDER, OpfsStore } from '../../src/models/opfs-store.ts'

const CACHE = 'browser-embeddings-v1'
const MODEL = 'tiny-mean'
const OPTIONS = {
  modelsUrl: '/fixtures/tiny/',
  device: 'wasm',
  workers: 1,
  cpuRuntime: 'onnxruntime',
} as const

/** What vitest's own type of a session leaves to its provider. */
interface Session {
  send(
    method: 'Storage.overrideQuotaForOrigin',
    options: { origin: string; quotaSize?: number },
  ): Promise<unknown>
}

/** @param quotaSize bytes; undefined: what the browser gives by itself */
async function setQuota(quotaSize?: number): Promise<void> {
  const session = cdp() as Session
  await session.send('Storage.overrideQuotaForOrigin', {
    origin: location.origin,
    ...(quotaSize === undefined ? {} : { quotaSize }),
  })
}

beforeEach(() => caches.delete(CACHE))
afterEach(() => setQuota())

async function load(): Promise<{ storage: string; storageReason: string | null; vector: number[] }> {
  const client = new EmbeddingsClient(OPTIONS)
  try {
    const { data } = await client.embeddings.create({ model: MODEL, input: 'red' })
    const { storage, storageReason } = await client.models.status(MODEL)
    return { storage, storageReason, vector: data[0]!.embedding }
  } finally {
    await client.close()
  }
}

test('no room: from memory, with the reason; room again: kept', async () => {
  await setQuota(1)
  const without = await load()
  expect(without).toMatchObject({
    storage: 'memory',
    storageReason: expect.stringMatching(/could not store .*\/tiny-mean\/.*: .*quota/i),
  })
  expect(await (await caches.open(CACHE)).keys()).toEqual([])
  await setQuota()
  expect(await load()).toEqual({ storage: 'cache', storageReason: null, vector: without.vector })
  expect((await (await caches.open(CACHE)).keys()).length).toBeGreaterThan(0)
})

// Without any room not even an empty file is made; with some, one is, and then the write fails. Chromium tells of that by
// the quota, or by the pipe to the process that keeps to it, whichever it hears of first.
test.each([
  ['no', 0, /^QuotaExceededError$/],
  ['too little', 200_000, /^(?:QuotaExceededError|AbortError)$/],
])(
  'the origin-private file system: a put with %s room rejects and leaves nothing behind',
  async (_some, room, name) => {
    const store = await OpfsStore.open(navigator.storage)
    const root = await navigator.storage.getDirectory()
    try {
      const { usage = 0 } = await navigator.storage.estimate()
      const quota = room === 0 ? 1 : usage + room
      await setQuota(quota)
      // More than the whole quota: what earlier tests stored and deleted may be freed only now.
      const bytes = quota + 1_000_000
      const record = { bytes, sha256: '0'.repeat(64), etag: null, trust: 'manifest', model: 'a' } as const
      await expect(
        store.put('https://app.example/a.bin', new ArrayBuffer(bytes), record),
      ).rejects.toMatchObject({
        name: expect.stringMatching(name) as string,
      })
      const left: string[] = []
      for await (const name of (await root.getDirectoryHandle(OPFS_FOLDER)).keys()) left.push(name)
      expect(left).toEqual([])
    } finally {
      await root.removeEntry(OPFS_FOLDER, { recursive: true })
    }
  },
)
