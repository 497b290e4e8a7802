/** Databases that are taken away, or that give no answer. */

import { afterEach, beforeEach, expect, test } from 'vitest'
import { GpuRecords } from '../../src/worker/gpu-records.ts'
import { cacheStatus, openVectorCache } from '../../src/worker/open-vector-cache.ts'

const VECTORS = 'browser-embeddings-vectors'
const GPUS = 'browser-embeddings-gpu'
const CONFIG = { kind: 'indexeddb', maxEntries: 10 } as const

/** @returns whether another connection stood in the way; rejects where it stands there for ten seconds */
async function deleteDatabase(name: string): Promise<boolean> {
  const deleting = indexedDB.deleteDatabase(name)
  let blocked = false
  deleting.onblocked = () => (blocked = true)
  await new Promise((resolve, reject) => {
    deleting.onsuccess = resolve
    setTimeout(() => {
      reject(new Error(`${name} is held open`))
    }, 10_000)
  })
  return blocked
}

/** A connection of other software, which does not give way. */
async function hold(name: string): Promise<IDBDatabase> {
  const opening = indexedDB.open(name, 1)
  await new Promise((resolve) => (opening.onsuccess = resolve))
  return opening.result
}

const clear = async (): Promise<void> => {
  for (const name of [VECTORS, GPUS]) await deleteDatabase(name)
}
beforeEach(clear)
afterEach(clear)

test('one that gives no answer: vectors are kept in memory, and the connection that comes late is closed', async () => {
  const holder = await hold(VECTORS)
  const deleting = deleteDatabase(VECTORS)
  const { cache, reason } = await openVectorCache(CONFIG)
  expect(cache?.kind).toBe('memory')
  expect(reason).toMatch(/^IndexedDB cannot be had: .*no answer/)
  holder.close()
  expect(await deleting).toBe(true)
  expect(await deleteDatabase(VECTORS)).toBe(false)
})

test('one that gives no answer: what is found out of GPUs lives as long as the worker', async () => {
  const holder = await hold(GPUS)
  const deleting = deleteDatabase(GPUS)
  const records = await GpuRecords.open(true)
  expect(records.reason).toMatch(/no answer/)
  await records.put('a', { at: 1 })
  expect(await records.get('a')).toEqual({ at: 1 })
  holder.close()
  await deleting
  expect(await deleteDatabase(GPUS)).toBe(false)
})

test('one that is taken away: the status says so, and does not fail', async () => {
  const opened = await openVectorCache(CONFIG)
  await opened.cache?.put([['a', Float32Array.of(1)]])
  expect(await cacheStatus(CONFIG, opened, null)).toMatchObject({ kind: 'indexeddb', entries: 1, reason: null })
  // The connection closes for it.
  expect(await deleteDatabase(VECTORS)).toBe(false)
  const status = await cacheStatus(CONFIG, opened, null)
  expect(status).toMatchObject({ kind: 'indexeddb', entries: 0 })
  expect(status?.reason).toMatch(/clos/)
})

test.each([VECTORS, GPUS])(
  '%s: another tab that deletes or upgrades it need not wait for this one',
  async (name) => {
    await openVectorCache(CONFIG)
    await GpuRecords.open(true)
    for (const request of ['deleteDatabase(name)', 'open(name, 2)']) {
      expect(await inAnotherThread(name, request)).toBe('success')
      // Closed at once, or the next one would wait for it.
      if (request.startsWith('open'))
        expect(await inAnotherThread(name, 'deleteDatabase(name)')).toBe('success')
      await openVectorCache(CONFIG)
      await GpuRecords.open(true)
    }
  },
)

/** What comes of a request of other software within two seconds, its connection closed; `blocked` where none does. */
async function inAnotherThread(name: string, request: string): Promise<string> {
  const code = `
    onmessage = ({ data: name }) => {
      const request = indexedDB.${request}
      const late = setTimeout(() => postMessage('blocked'), 2000)
      request.onerror = () => postMessage(String(request.error))
      request.onsuccess = () => {
        clearTimeout(late)
        request.result?.close()
        postMessage('success')
      }
    }`
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })))
  const answer = new Promise<string>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<string>) => {
      resolve(data)
    }
  })
  worker.postMessage(name)
  try {
    return await answer
  } finally {
    worker.terminate()
  }
}
