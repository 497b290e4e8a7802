/** What is stored is checked before every use, in the Cache API and in the origin-private file system. */

import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cdp } from 'vitest/browser'
import { EmbeddingsClient } from '../../src/index.ts'
import { rejectedBy } from '../unit/thrown-by.ts'
import { requestsOfWorker } from './worker-requests.ts'

interface Expected {
  rows: Record<string, { embedding: number[] }[]>
  texts: string[]
}

const expected = (await (await fetch('/fixtures/tiny/expected.json')).json()) as Expected
const NAME = 'browser-embeddings-v1'
const RECORD = 'x-stored-record'

/** `own-cls` has no manifest: only the store's own record tells what its files must be. */
const MODELS = [
  { id: 'own-cls', base: '/fixtures/hub/', pooling: 'cls', trust: 'first use' },
  { id: 'tiny-mean', base: '/fixtures/tiny/', pooling: 'mean', trust: 'manifest' },
] as const
type Model = (typeof MODELS)[number]
const [OWN, TINY] = MODELS

const root = (): Promise<FileSystemDirectoryHandle> => navigator.storage.getDirectory()
async function emptied(): Promise<void> {
  await caches.delete(NAME)
  for await (const name of (await root()).keys()) await (await root()).removeEntry(name, { recursive: true })
}
beforeEach(emptied)
afterAll(emptied)

const clients: EmbeddingsClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

function open({ base }: Pick<Model, 'base'>, service: 'observed' | 'denied' = 'observed'): EmbeddingsClient {
  const client = new EmbeddingsClient({
    modelsUrl: base,
    device: 'wasm',
    workers: 1,
    cpuRuntime: 'onnxruntime',
    createWorker: () =>
      service === 'observed'
        ? new Worker(new URL('./services/observed-service.ts', import.meta.url), { type: 'module' })
        : new Worker(new URL('./services/denied-service.ts', import.meta.url), { type: 'module' }),
  })
  clients.push(client)
  return client
}

/** Runs the model in a service of its own: what was fetched for it, and its status. Its vector must be right. */
async function run(model: Model, service?: 'observed' | 'denied') {
  const client = open(model, service)
  const { data } = await client.embeddings.create({ model: model.id, input: expected.texts[0]! })
  data[0]!.embedding.forEach((value, at) => {
    expect(value).toBeCloseTo(expected.rows[model.pooling]![0]!.embedding[at]!, 5)
  })
  const requests = (await requestsOfWorker()).filter((path) => path.startsWith('/fixtures/'))
  const status = await client.models.status(model.id)
  await client.close()
  return { requests, status }
}

const graphOf = ({ base, id }: Model): string => `${base}${id}/onnx/model.onnx`

/** Replaces a stored file's bytes; its headers stay as they are, or are left out. */
async function spoil(path: string, change: (bytes: Uint8Array) => Uint8Array, keepRecord = true) {
  const cache = await caches.open(NAME)
  const response = (await cache.match(path))!
  const bytes = Uint8Array.from(change(new Uint8Array(await response.arrayBuffer())))
  const headers = keepRecord ? response.headers : { 'content-length': String(bytes.length) }
  await cache.put(path, new Response(bytes, { headers }))
}

const recordOf = async (path: string): Promise<unknown> =>
  JSON.parse((await (await caches.open(NAME)).match(path))?.headers.get(RECORD) ?? 'null')

/** In the middle of the weights, where neither protobuf nor onnxruntime notices. */
const flip = (bytes: Uint8Array): Uint8Array => {
  const at = Math.floor(bytes.length / 2)
  bytes[at]! ^= 0x10
  return bytes
}

describe.each(MODELS)('$id', (model) => {
  const graph = graphOf(model)

  test('every file is kept with what it must be', async () => {
    await run(model)
    for (const { url } of await (await caches.open(NAME)).keys()) {
      const bytes = await (await fetch(url)).arrayBuffer()
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
      const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
      expect(await recordOf(url)).toMatchObject({ bytes: bytes.byteLength, sha256, model: model.id })
    }
    expect(await recordOf(graph)).toMatchObject({ trust: model.trust })
  })

  test('a bit that was flipped is found before use: that file alone is fetched, once', async () => {
    await run(model)
    await spoil(graph, flip)
    expect((await run(model)).requests).toEqual([graph])
    expect((await run(model)).requests).toEqual([])
  })
})

test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
  ['cut short', (bytes) => bytes.subarray(0, 500)],
  ['filled up with zeros', (bytes) => bytes.fill(0, 500)],
  ['empty', () => new Uint8Array()],
])('a stored file that is %s is fetched again', async (_what, change) => {
  await run(OWN)
  await spoil(graphOf(OWN), change)
  expect((await run(OWN)).requests).toEqual([graphOf(OWN)])
})

describe('what an earlier version kept, without records', () => {
  test('is used without a request, and recorded', async () => {
    await run(OWN)
    const graph = graphOf(OWN)
    const record = await recordOf(graph)
    await spoil(graph, (bytes) => bytes, false)
    expect(await recordOf(graph)).toBeNull()
    expect((await run(OWN)).requests).toEqual([])
    expect(await recordOf(graph)).toEqual({ ...(record as object), etag: null })
    // From now on damage is found.
    await spoil(graph, flip)
    expect((await run(OWN)).requests).toEqual([graph])
  })

  test('is fetched again when it was never whole', async () => {
    await run(OWN)
    await spoil(graphOf(OWN), (bytes) => bytes.subarray(0, 500), false)
    expect((await run(OWN)).requests).toEqual([graphOf(OWN)])
  })
})

describe('a browser that denies the Cache API', () => {
  async function files(): Promise<string[]> {
    const names: string[] = []
    for await (const name of (await (await root()).getDirectoryHandle(NAME)).keys()) names.push(name)
    return names
  }

  test('the origin-private file system is used, and status says why', async () => {
    expect((await run(OWN, 'denied')).status).toMatchObject({
      storage: 'opfs',
      storageReason: 'the browser denies the Cache API: The operation is insecure.',
      source: 'network',
    })
    const again = await run(OWN, 'denied')
    expect(again.requests).toEqual([])
    expect(again.status.source).toBe('store')
  })

  test('a damaged file there is fetched again, once', async () => {
    await run(OWN, 'denied')
    const folder = await (await root()).getDirectoryHandle(NAME)
    const sizes = await Promise.all(
      (await files())
        .filter((name) => name.endsWith('.bin'))
        .map(async (name) => {
          const file = await folder.getFileHandle(name)
          return { file, bytes: new Uint8Array(await (await file.getFile()).arrayBuffer()) }
        }),
    )
    const whole = new Uint8Array(await (await fetch(graphOf(OWN))).arrayBuffer())
    const graph = sizes.find(({ bytes }) => bytes.length === whole.length)!
    const writable = await graph.file.createWritable()
    await writable.write(Uint8Array.from(flip(graph.bytes)))
    await writable.close()
    expect((await run(OWN, 'denied')).requests).toEqual([graphOf(OWN)])
    expect((await run(OWN, 'denied')).requests).toEqual([])
  })

  test('delete frees it all', async () => {
    await run(OWN, 'denied')
    expect(await files()).not.toEqual([])
    await open(OWN, 'denied').models.delete(OWN.id)
    expect(await files()).toEqual([])
  })

  test('without room there: from memory, with the reason, and nothing is left behind', async () => {
    const session = cdp() as {
      send(method: 'Storage.overrideQuotaForOrigin', options: object): Promise<unknown>
    }
    const client = open(OWN, 'denied')
    // The store is open before the room runs out.
    await client.models.list()
    await session.send('Storage.overrideQuotaForOrigin', { origin: location.origin, quotaSize: 1 })
    try {
      await client.models.load(OWN.id)
      expect(await client.models.status(OWN.id)).toMatchObject({
        storage: 'memory',
        storageReason: expect.stringMatching(/^the browser could not store .*quota/i),
      })
      expect(await files()).toEqual([])
    } finally {
      await session.send('Storage.overrideQuotaForOrigin', { origin: location.origin })
    }
  })
})

describe('models.list and models.delete', () => {
  const storedOf = async (client: EmbeddingsClient) =>
    Object.fromEntries((await client.models.list()).data.map(({ id, stored }) => [id, stored]))

  /** Something in the store, as if it were a file of the given model. */
  async function put(path: string, model: string): Promise<void> {
    const record = { bytes: 3, sha256: '0'.repeat(64), etag: null, trust: 'first use', model }
    const headers = { [RECORD]: JSON.stringify(record), 'content-length': '3' }
    await (await caches.open(NAME)).put(path, new Response('abc', { headers }))
  }

  test('a model of no catalogue is listed once it is stored, with its size, without a request', async () => {
    const client = open(OWN)
    expect(await storedOf(client)).not.toHaveProperty('own-cls')
    expect(await storedOf(client)).toMatchObject({ 'all-MiniLM-L6-v2': null })
    await client.models.load(OWN.id)
    const cache = await caches.open(NAME)
    const urls = (await cache.keys()).map(({ url }) => url)
    const sizes = urls.map(async (url) => (await (await fetch(url)).arrayBuffer()).byteLength)
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
    expect(await storedOf(client)).toMatchObject({ 'own-cls': { bytes, files: urls.length } })
    expect((await client.models.retrieve('own-cls')).stored).toEqual({ bytes, files: urls.length })
    // Its service would tell of its own requests in place of the next one's.
    await client.close()
    const later = open(OWN)
    expect(await storedOf(later)).toMatchObject({ 'own-cls': { bytes, files: urls.length } })
    expect((await requestsOfWorker()).filter((path) => path.startsWith('/fixtures/'))).toEqual([])
  })

  test('delete frees a model’s files, and none of a model whose name begins alike or whose folder lies inside', async () => {
    const client = open(OWN)
    await client.models.load(OWN.id)
    await put('/fixtures/hub/own-cls-more/onnx/model.onnx', 'own-cls-more')
    await put('/fixtures/hub/own-cls/nested/onnx/model.onnx', 'own-cls/nested')
    await put('/elsewhere/own-cls/onnx/model.onnx', 'own-cls')
    await client.models.delete(OWN.id)
    const left = (await (await caches.open(NAME)).keys()).map(({ url }) => new URL(url).pathname)
    expect(left.toSorted()).toEqual([
      '/elsewhere/own-cls/onnx/model.onnx',
      '/fixtures/hub/own-cls-more/onnx/model.onnx',
      '/fixtures/hub/own-cls/nested/onnx/model.onnx',
    ])
    const listed = await storedOf(client)
    expect(listed).toMatchObject({
      'own-cls-more': { bytes: 3, files: 1 },
      'own-cls/nested': { bytes: 3, files: 1 },
    })
    expect(listed).not.toHaveProperty('own-cls')
  })

  test('delete while it is loading leaves nothing', async () => {
    const client = open(TINY)
    const loading = rejectedBy(client.models.load(TINY.id))
    await client.models.delete(TINY.id)
    expect(await loading).toMatchObject({ code: 'worker_terminated' })
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await (await caches.open(NAME)).keys()).toEqual([])
  })
})
