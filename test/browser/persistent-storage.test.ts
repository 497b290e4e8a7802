/** The browser is asked once to keep the store, and the status says what it does. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { EmbeddingsClient } from '../../src/index.ts'
import { until } from './until.ts'

const TINY = { modelsUrl: '/fixtures/tiny/', device: 'wasm', workers: 1, cpuRuntime: 'onnxruntime' } as const
const persist = navigator.storage.persist.bind(navigator.storage)
let asked = 0

beforeAll(async () => {
  await caches.delete('browser-embeddings-v1')
  navigator.storage.persist = () => {
    asked++
    return persist()
  }
})
afterAll(() => {
  navigator.storage.persist = persist
})

async function load(storage: 'auto' | 'memory'): Promise<boolean | null> {
  await using client = new EmbeddingsClient({ ...TINY, storage })
  await client.models.load('tiny-mean')
  return (await client.models.status('tiny-mean')).persisted
}

test('a client that stores nothing does not ask', async () => {
  expect(await load('memory')).toBeNull()
  expect(asked).toBe(0)
})

test('of several clients that store, the first one asks', async () => {
  await load('auto')
  await until(() => asked > 0)
  expect(await load('auto')).toBe(await navigator.storage.persisted())
  expect(asked).toBe(1)
})
