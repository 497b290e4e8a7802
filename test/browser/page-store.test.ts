/** The option `storage` with a store of the page's own: what it keeps, and what its faults come to. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { serveStore } from '../../src/client/serve-store.ts'
import { EmbeddingsClient, type ModelStore, type StoredFile } from '../../src/index.ts'
import { PageStore } from '../../src/worker/page-store.ts'
import { rejectedBy } from '../unit/thrown-by.ts'
import { requestsOfWorker } from './worker-requests.ts'

const MODEL = 'tiny-mean'
const GRAPH = new URL('/fixtures/tiny/tiny-mean/onnx/model.onnx', location.href).href

/** Keeps files in a map, where the test can see and spoil them. */
class MapStore implements ModelStore {
  readonly files = new Map<string, StoredFile>()
  get(url: string): Promise<StoredFile | null> {
    return Promise.resolve(this.files.get(url) ?? null)
  }
  put(...[url, bytes, record]: Parameters<ModelStore['put']>): Promise<void> {
    this.files.set(url, { bytes, record })
    return Promise.resolve()
  }
  delete(url: string): Promise<boolean> {
    return Promise.resolve(this.files.delete(url))
  }
  list(): ReturnType<ModelStore['list']> {
    const entries = [...this.files].map(([url, { bytes, record }]) => ({
      url,
      bytes: bytes.byteLength,
      record,
    }))
    return Promise.resolve(entries)
  }
}

/** With one method that answers as the test says. */
function spoilt(method: keyof ModelStore, answer: () => unknown): ModelStore {
  const store = new MapStore()
  return Object.assign(store, { [method]: answer })
}

const clients: EmbeddingsClient[] = []
beforeEach(() => caches.delete('browser-embeddings-v1'))
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

function open(storage: ModelStore): EmbeddingsClient {
  const client = new EmbeddingsClient({
    modelsUrl: '/fixtures/tiny/',
    device: 'wasm',
    workers: 1,
    cpuRuntime: 'onnxruntime',
    storage,
    createWorker: () =>
      new Worker(new URL('./services/observed-service.ts', import.meta.url), { type: 'module' }),
  })
  clients.push(client)
  return client
}

async function run(client: EmbeddingsClient) {
  const { data } = await client.embeddings.create({ model: MODEL, input: 'red' })
  const { storage, storageReason, source, persisted } = await client.models.status(MODEL)
  return { vector: data[0]!.embedding, storage, storageReason, source, persisted }
}

const modelRequests = async (): Promise<string[]> =>
  (await requestsOfWorker()).filter((path) => path.includes('/fixtures/'))

test('keeps every file with its record; the next client asks the server for nothing', async () => {
  const store = new MapStore()
  const first = await run(open(store))
  expect(first).toMatchObject({ storage: 'page', storageReason: null, source: 'network', persisted: null })
  expect(store.files.get(GRAPH)?.record).toMatchObject({ trust: 'manifest', model: MODEL })
  expect(await caches.has('browser-embeddings-v1')).toBe(false)
  await clients.pop()?.close()
  const second = await run(open(store))
  expect(second).toEqual({ ...first, source: 'store' })
  expect(await modelRequests()).toEqual([])
})

test('models.list tells what lies there, models.delete frees it', async () => {
  const store = new MapStore()
  const client = open(store)
  await run(client)
  store.files.set('https://elsewhere.example/other.bin', { bytes: new ArrayBuffer(1), record: null })
  const bytes = [...store.files].reduce(
    (sum, [url, file]) => sum + (url.includes('/tiny-mean/') ? file.bytes.byteLength : 0),
    0,
  )
  expect((await client.models.list()).data.find(({ id }) => id === MODEL)).toEqual({
    id: MODEL,
    object: 'model',
    created: expect.any(Number),
    owned_by: expect.any(String),
    stored: { bytes, files: 4 },
  })
  await client.models.delete(MODEL)
  expect([...store.files.keys()]).toEqual(['https://elsewhere.example/other.bin'])
})

test.each([
  ['bytes that were changed', (file: StoredFile) => new Uint8Array(file.bytes).fill(7, 500, 501)],
  ['a file cut short', (file: StoredFile) => (file.bytes = file.bytes.slice(0, 500))],
])('%s: dropped, fetched again once, kept again', async (_what, spoil) => {
  const store = new MapStore()
  const first = await run(open(store))
  await clients.pop()?.close()
  spoil(store.files.get(GRAPH)!)
  expect(await run(open(store))).toEqual(first)
  expect(await modelRequests()).toEqual([new URL(GRAPH).pathname])
  expect(store.files.get(GRAPH)?.bytes.byteLength).toBeGreaterThan(500)
})

describe('a fault of the store', () => {
  test.each<[string, keyof ModelStore, () => unknown, RegExp]>([
    ['a get that throws', 'get', () => Promise.reject(new Error('no such table')), /read .*: no such table/],
    ['a get with something else', 'get', () => Promise.resolve('<html>'), /answered with no file/],
    ['a get that cannot be sent', 'get', () => Promise.resolve(() => 0), /could not be cloned/],
    ['a list that is none', 'list', () => Promise.resolve({ length: 3 }), /list its files: list answered/],
    ['a list without addresses', 'list', () => Promise.resolve([{ bytes: 3 }]), /without a url/],
  ])('%s: the model runs from the network, and status says why', async (_what, method, answer, reason) => {
    const result = await run(open(spoilt(method, answer)))
    expect(result).toMatchObject({ storage: 'page', storageReason: expect.stringMatching(reason) })
    expect(result.storageReason).toContain("the page's own store could not")
  })

  test('a put without room: from memory, and status says why', async () => {
    const client = open(spoilt('put', () => Promise.reject(new DOMException('full', 'QuotaExceededError'))))
    expect(await run(client)).toMatchObject({
      storage: 'memory',
      storageReason: expect.stringMatching(/: full$/),
    })
  })

  test('a delete that fails rejects models.delete', async () => {
    const client = open(spoilt('delete', () => Promise.reject(new Error('locked'))))
    await run(client)
    expect(await rejectedBy(client.models.delete(MODEL))).toMatchObject({
      code: 'inference_failed',
      message: "the page's own store could not delete the files: locked.",
    })
  })

  test('a store that hangs is given up after its deadline, for every later call too', async () => {
    const { port1, port2 } = new MessageChannel()
    let asked = 0
    const hanging = spoilt('get', () => {
      asked++
      return new Promise(() => undefined)
    })
    serveStore(hanging, port1)
    const store = new PageStore(port2, 50)
    const hung = 'it did not answer get within 50 ms'
    const both = await Promise.allSettled([store.get('a'), store.get('b')])
    expect(both.map((result) => result.status === 'rejected' && String(result.reason))).toEqual([
      `Error: ${hung}`,
      `Error: ${hung}`,
    ])
    await expect(store.list()).rejects.toThrow(hung)
    expect(asked).toBe(2)
  })

  test('a file that cannot be sent is refused at once, and is not taken for a store that hangs', async () => {
    const { port1, port2 } = new MessageChannel()
    serveStore(new MapStore(), port1)
    const store = new PageStore(port2, 500)
    const bytes = new ArrayBuffer(8)
    bytes.transfer()
    const record = { bytes: 8, sha256: '0'.repeat(64), etag: null, trust: 'first use', model: MODEL } as const
    await expect(store.put(GRAPH, bytes, record)).rejects.toThrow(/detached/)
    // Past the deadline of the call that was never made.
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(await store.get(GRAPH)).toBeNull()
  })
})
