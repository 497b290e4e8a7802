/** From construction to close: what starts when, what is fetched and stored, and what happens when a worker dies. */

import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { EmbeddingsClient, type EmbeddingsClientOptions, type ProgressEvent } from '../../src/index.ts'
import { rejectedBy } from '../unit/thrown-by.ts'
import { SteeredInference, steeredService } from './steered-inference.ts'
import { until } from './until.ts'

const SHIPPED = 'all-MiniLM-L6-v2'
const SLOW = 'tiny-slow'
const CACHE = 'browser-embeddings-v1'
const GRAPH = '/models/all-MiniLM-L6-v2/onnx/model_q8_wasm.onnx'
const TINY = {
  modelsUrl: '/fixtures/tiny/',
  device: 'wasm',
  cpuRuntime: 'onnxruntime',
  workers: 1,
  storage: 'memory',
} as const

const open: EmbeddingsClient[] = []
const workers: Worker[] = []

const observed = () =>
  new Worker(new URL('./services/observed-service.ts', import.meta.url), { type: 'module' })

/** A client whose service workers are kept in `workers`. */
function makeClient(options: EmbeddingsClientOptions, spawn: () => Worker = observed): EmbeddingsClient {
  const client = new EmbeddingsClient({
    ...options,
    createWorker: () => {
      const worker = spawn()
      workers.push(worker)
      return worker
    },
  })
  open.push(client)
  return client
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()))
  workers.length = 0
})

function ask(channelName: string, message: string): Promise<string[]> {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel(channelName)
    channel.addEventListener('message', ({ data }: MessageEvent<string[]>) => {
      channel.close()
      resolve(data)
    })
    channel.postMessage(message)
  })
}

function tell(channelName: string, message: string): void {
  const channel = new BroadcastChannel(channelName)
  channel.postMessage(message)
  channel.close()
}

/** What the one service that is up has fetched of models. */
const fetchedModelFiles = async () =>
  (await ask('observed-service', 'fetches')).filter((path) => path.startsWith('/models/'))

const isShipped = { modelsUrl: '/models/', device: 'wasm', workers: 1 } as const

describe('before the first use', () => {
  test('no worker starts; a listing starts one and fetches nothing of any model', async () => {
    const client = makeClient(isShipped)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(workers).toHaveLength(0)
    const { object, data } = await client.models.list()
    expect(object).toBe('list')
    expect(data.map(({ id }) => id)).toEqual(
      expect.arrayContaining([SHIPPED, 'bge-small-en-v1.5', 'e5-small-v2']),
    )
    expect(data[0]).toMatchObject({ id: SHIPPED, object: 'model', owned_by: 'sentence-transformers' })
    expect(await client.models.retrieve(SHIPPED)).toEqual(data[0])
    expect(await client.models.status(SHIPPED)).toMatchObject({
      state: 'unloaded',
      backend: null,
      source: null,
    })
    expect(workers).toHaveLength(1)
    expect(await fetchedModelFiles()).toEqual([])
  })

  test('a request that is wrong by itself starts no worker', async () => {
    const client = makeClient(isShipped)
    await rejectedBy(client.embeddings.create({ model: SHIPPED, input: '' }))
    expect(workers).toHaveLength(0)
  })

  test('ten first calls at once start one service and load the model once', async () => {
    const client = makeClient({ ...TINY, modelsUrl: '/models/', storage: 'memory' })
    await Promise.all(
      Array.from({ length: 10 }, () => client.embeddings.create({ model: SHIPPED, input: 'red' })),
    )
    expect(workers).toHaveLength(1)
    const graphs = (await fetchedModelFiles()).filter((path) => path.endsWith('.onnx'))
    expect(graphs).toEqual([GRAPH])
  })
})

test('load tells of bytes per file and in all, compilation, warm-up, and is ready last', async () => {
  const client = makeClient({ ...isShipped, storage: 'memory' })
  const events: ProgressEvent[] = []
  const status = await client.models.load(SHIPPED, { onProgress: (event) => events.push(event) })
  const manifest = (await (await fetch(`/models/${SHIPPED}/manifest.json`)).json()) as {
    files: { path: string; bytes: number }[]
  }
  const downloads = events.filter((event) => event.type === 'download')
  const files = ['tokenizer.json', 'tokenizer_config.json', 'onnx/model_q8_wasm.onnx']
  expect(new Set(downloads.map(({ file }) => file))).toEqual(new Set(files))
  let all = 0
  for (const file of files) {
    const own = downloads.filter((event) => event.file === file)
    const { bytes } = manifest.files.find(({ path }) => path === file)!
    const loaded = own.map((event) => event.loaded)
    expect(loaded).toEqual(loaded.toSorted((a, b) => a - b))
    expect(own.at(-1)).toMatchObject({ model: SHIPPED, loaded: bytes, total: bytes })
    all += bytes
  }
  expect(downloads.length).toBeGreaterThan(10)
  expect(downloads.at(-1)).toMatchObject({ loadedAll: all, totalAll: all })
  // A bar drawn from these never runs backwards.
  const shares = downloads.map(({ loadedAll, totalAll }) => loadedAll / totalAll)
  expect(shares).toEqual(shares.toSorted((a, b) => a - b))
  expect(events.filter(({ type }) => type !== 'download')).toEqual([
    { type: 'compile', model: SHIPPED, device: 'wasm' },
    { type: 'warm-up', model: SHIPPED, device: 'wasm' },
    { type: 'ready', model: SHIPPED, device: 'wasm' },
  ])
  expect(events.at(-1)?.type).toBe('ready')
  expect(status).toMatchObject({
    id: SHIPPED,
    state: 'ready',
    bytes: all,
    source: 'network',
    storage: 'memory',
    storageReason: null,
    error: null,
    backend: { device: 'wasm', build: 'relaxed', runtime: 'simd', workers: 1, threads: 1, dimensions: 384 },
    attempts: [{ device: 'wasm', reason: 'chosen', chosen: true }],
  })
})

describe('stored files', () => {
  const stored = async () => (await (await caches.open(CACHE)).keys()).map(({ url }) => new URL(url).pathname)

  const sha256 = async (bytes: ArrayBuffer) =>
    Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))).join()

  async function loadOnce(): Promise<{ source: string | null; fetched: string[]; vector: number[] }> {
    const client = makeClient(isShipped)
    const { source } = await client.models.load(SHIPPED)
    const fetched = await fetchedModelFiles()
    const { data } = await client.embeddings.create({ model: SHIPPED, input: 'Hello, world!' })
    await client.close()
    return { source, fetched, vector: data[0]!.embedding }
  }

  test('a second client fetches nothing of the model', async () => {
    await caches.delete(CACHE)
    const first = await loadOnce()
    expect(first.source).toBe('network')
    expect(first.fetched).toContain(GRAPH)
    const second = await loadOnce()
    expect(second).toEqual({ source: 'store', fetched: [], vector: first.vector })
  })

  test.each([
    ['changed in one byte', (bytes: Uint8Array) => bytes.with(1000, bytes[1000]! ^ 1)],
    ['cut short', (bytes: Uint8Array) => bytes.slice(0, 5000)],
    ['empty', () => new Uint8Array()],
  ])('a file that is %s is dropped, fetched again and right afterwards', async (_what, damage) => {
    const { vector } = await loadOnce()
    const cache = await caches.open(CACHE)
    const bytes = new Uint8Array(await (await cache.match(GRAPH))!.arrayBuffer())
    await cache.put(GRAPH, new Response(damage(bytes)))
    expect(await loadOnce()).toEqual({ source: 'network', fetched: [GRAPH], vector })
    const healed = await (await cache.match(GRAPH))!.arrayBuffer()
    expect(await sha256(healed)).toBe(await sha256(bytes.buffer))
    expect((await loadOnce()).source).toBe('store')
  })

  test('delete removes the files of that model and nothing else', async () => {
    await loadOnce()
    const cache = await caches.open(CACHE)
    await cache.put('/models/all-MiniLM-L6-v2-other/tokenizer.json', new Response('{}'))
    const client = makeClient(isShipped)
    await client.models.load(SHIPPED)
    await client.models.delete(SHIPPED)
    expect(await stored()).toEqual(['/models/all-MiniLM-L6-v2-other/tokenizer.json'])
    expect((await client.models.status(SHIPPED)).state).toBe('unloaded')
    expect((await client.models.load(SHIPPED)).source).toBe('network')
    await caches.delete(CACHE)
  })

  test('memory keeps nothing beyond the worker', async () => {
    await caches.delete(CACHE)
    const client = makeClient({ ...isShipped, storage: 'memory' })
    await client.models.load(SHIPPED)
    expect(await stored()).toEqual([])
  })
})

describe('unload', () => {
  test('frees the model; the next call loads it again', async () => {
    const client = makeClient(TINY)
    await client.models.load(SLOW)
    await client.models.unload(SLOW)
    expect(await client.models.status(SLOW)).toMatchObject({ state: 'unloaded', backend: null })
    await client.models.unload(SLOW)
    expect((await client.embeddings.create({ model: SLOW, input: 'red' })).data).toHaveLength(1)
    expect((await client.models.status(SLOW)).state).toBe('ready')
  })

  test('fails what waits with worker_terminated', async () => {
    const client = makeClient(TINY)
    await client.models.load(SLOW)
    const pending = [1, 2, 3].map(() => rejectedBy(client.embeddings.create({ model: SLOW, input: 'red' })))
    await client.models.unload(SLOW)
    for (const error of await Promise.all(pending)) {
      expect(error).toMatchObject({ code: 'worker_terminated', status: 503 })
      expect(error.message).toContain('unloaded')
    }
  })

  test('ends a load that is under way', async () => {
    const client = makeClient({ ...isShipped, storage: 'memory' })
    let begun = false
    const load = rejectedBy(
      client.models.load(SHIPPED, {
        onProgress: () => {
          begun = true
        },
      }),
    )
    await until(() => begun)
    await client.models.unload(SHIPPED)
    expect(await load).toMatchObject({ code: 'worker_terminated' })
  })
})

describe('close', () => {
  test('fails what waits and every later call, and may be called again', async () => {
    const client = makeClient(TINY)
    await client.models.load(SLOW)
    const pending = rejectedBy(client.embeddings.create({ model: SLOW, input: 'red' }))
    await client.close()
    expect(await pending).toMatchObject({ code: 'worker_terminated', status: 503 })
    expect(await rejectedBy(client.models.list())).toMatchObject({ code: 'worker_terminated' })
    await client.close()
    expect(workers).toHaveLength(1)
  })

  test('of a client that never started anything', async () => {
    await makeClient(TINY).close()
    expect(workers).toHaveLength(0)
  })

  test('await using closes', async () => {
    let used: EmbeddingsClient
    {
      await using client = new EmbeddingsClient(TINY)
      used = client
      await client.models.list()
    }
    expect(await rejectedBy(used.models.list())).toMatchObject({ code: 'worker_terminated' })
  })
})

describe('a service that dies while a call waits', () => {
  test.each([
    ['is terminated from outside', () => workers.at(-1)?.terminate()],
    ['closes itself', () => tell('observed-service', 'close')],
    ['throws', () => tell('observed-service', 'fail')],
  ])('%s: worker_terminated soon, and the next call works on a fresh one', async (_how, kill) => {
    const client = makeClient(TINY)
    await client.models.load(SLOW)
    const pending = Array.from({ length: 5 }, () =>
      rejectedBy(client.embeddings.create({ model: SLOW, input: 'red' })),
    )
    const start = performance.now()
    kill()
    for (const error of await Promise.all(pending)) {
      expect(error).toMatchObject({ code: 'worker_terminated', status: 503, type: 'internal_server_error' })
    }
    // A machine may be busy; whoever waits for something else waits for minutes.
    expect(performance.now() - start).toBeLessThan(30_000)
    expect((await client.embeddings.create({ model: SLOW, input: 'red' })).data).toHaveLength(1)
    expect(workers).toHaveLength(2)
  })

  test('hangs: a call that timed out has it replaced within some seconds', async () => {
    const client = makeClient(TINY)
    await client.models.load(SLOW)
    await ask('observed-service', 'hang')
    const waiting = rejectedBy(client.models.list())
    const error = await rejectedBy(client.embeddings.create({ model: SLOW, input: 'red' }, { timeout: 50 }))
    expect(error).toMatchObject({ code: 'timeout' })
    const ended = await waiting
    expect(ended).toMatchObject({ code: 'worker_terminated' })
    expect(ended.message).toContain('did not answer for 10 s')
    expect((await client.embeddings.create({ model: SLOW, input: 'red' })).data).toHaveLength(1)
    expect(workers).toHaveLength(2)
  })

  test('a script that is not there: worker_terminated, each time anew', async () => {
    const client = makeClient(TINY, () => new Worker('/fixtures/none.js', { type: 'module' }))
    for (let attempt = 1; attempt <= 2; attempt++) {
      const error = await rejectedBy(client.models.list())
      expect(error).toMatchObject({ code: 'worker_terminated', status: 503 })
      expect(error.message).toContain('script could not be loaded')
      expect(workers).toHaveLength(attempt)
    }
  })

  test('a worker that cannot be made: worker_terminated with the cause', async () => {
    const cause = new DOMException('not from another origin', 'SecurityError')
    const client = makeClient(TINY, () => {
      throw cause
    })
    const error = await rejectedBy(client.models.list())
    expect(error).toMatchObject({ code: 'worker_terminated', cause })
    expect(error.message).toContain('not from another origin')
  })
})

describe('an inference worker that fails', () => {
  const inference = new SteeredInference()
  afterAll(() => {
    inference.end()
  })

  test.each([
    ['throws', 'fail'],
    ['closes itself', 'close'],
  ] as const)('it %s: its requests are run again on a fresh one and answered rightly', async (_how, order) => {
    const client = makeClient(TINY, steeredService)
    const calm = makeClient(TINY)
    const input = ['red', 'green blue', 'pink']
    const { data } = await calm.embeddings.create({ model: SLOW, input })
    const before = inference.started
    await client.models.load(SLOW)
    await inference.shut()
    const pending = input.map((text) => client.embeddings.create({ model: SLOW, input: text }))
    await inference.batch()
    inference.tell(order)
    const answers = await Promise.all(pending)
    expect(answers.map((answer) => answer.data[0]!.embedding)).toEqual(data.map(({ embedding }) => embedding))
    // The channel may be slower than the answers.
    await until(() => inference.started - before >= 2)
    expect(inference.started - before).toBe(2)
    expect(workers).toHaveLength(2)
  })

  test('while it is idle: the next request gets a fresh one', async () => {
    const client = makeClient(TINY, steeredService)
    await client.models.load(SLOW)
    inference.tell('fail')
    await until(async () => (await client.models.status(SLOW)).backend?.workers === 0)
    expect((await client.embeddings.create({ model: SLOW, input: 'red' })).data).toHaveLength(1)
    expect((await client.models.status(SLOW)).backend?.workers).toBe(1)
  })

  test('to start beside another: that one answers all, and no other kind of session joins it', async () => {
    const spawn = () =>
      new Worker(new URL('./services/lone-worker-service.ts', import.meta.url), { type: 'module' })
    const client = makeClient({ modelsUrl: '/models/', device: 'wasm', workers: 2 }, spawn)
    const input = Array.from(
      { length: 60 },
      (_, index) => `The ${String(index)}th passage of sixty, on soup and passwords.`,
    )
    const { data } = await client.embeddings.create({ model: SHIPPED, input })
    const whole = makeClient({ modelsUrl: '/models/', device: 'wasm', workers: 1 })
    expect(data).toEqual((await whole.embeddings.create({ model: SHIPPED, input })).data)
    const { backend, attempts } = await client.models.status(SHIPPED)
    expect(backend).toMatchObject({ runtime: 'simd', workers: 1 })
    expect(attempts).toEqual([
      { device: 'wasm', reason: 'chosen', chosen: true },
      {
        device: 'wasm',
        reason: expect.stringMatching(/^weights not shared: .*failed on purpose/) as string,
        chosen: false,
      },
    ])
  })

  test('again and again: worker_terminated, and a call after that works', async () => {
    const client = makeClient(TINY, steeredService)
    await client.models.load(SLOW)
    const input = Array.from({ length: 200 }, (_, index) =>
      Array.from({ length: 14 }, (__, bit) => ((index >> bit) & 1 ? 'green' : 'red')).join(' '),
    )
    const failing = setInterval(() => {
      inference.tell('fail')
    }, 5)
    const error = await rejectedBy(client.embeddings.create({ model: SLOW, input }))
    clearInterval(failing)
    await inference.toldAll()
    expect(error).toMatchObject({ code: 'worker_terminated', status: 503 })
    expect((await client.embeddings.create({ model: SLOW, input: 'red' })).data).toHaveLength(1)
    expect(workers).toHaveLength(1)
  })
})
