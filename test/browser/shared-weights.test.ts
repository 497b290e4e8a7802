/** Several workers of one model in a cross-origin isolated page: the packed weights lie once in shared memory. */

import { afterEach, describe, expect, test } from 'vitest'
import { EmbeddingsClient, type ModelStore, type StoredFile } from '../../src/index.ts'
import { EXPECTED_HASH, selfTestHashes } from '../../src/simd/self-test.ts'
import { loadEncoderModule } from '../../src/simd/encoder-module.ts'
import { tellWorkers, workerReports } from './observed-workers.ts'
import { until } from './until.ts'

const MODEL = 'all-MiniLM-L6-v2'
const GRAPH = new URL(`/models/${MODEL}/onnx/model_q8_wasm.onnx`, location.href).href
const INPUT = Array.from(
  { length: 60 },
  (_, index) => `text number ${String(index)} ${'word '.repeat(index * 3)}`,
)

/** Counts how often the model's graph is read. */
class CountingStore implements ModelStore {
  reads = 0
  readonly #files = new Map<string, StoredFile>()
  get(url: string): Promise<StoredFile | null> {
    const file = this.#files.get(url) ?? null
    if (url === GRAPH && file !== null) this.reads++
    return Promise.resolve(file === null ? null : { ...file, bytes: file.bytes.slice(0) })
  }
  put(...[url, bytes, record]: Parameters<ModelStore['put']>): Promise<void> {
    this.#files.set(url, { bytes, record })
    return Promise.resolve()
  }
  delete(url: string): Promise<boolean> {
    return Promise.resolve(this.#files.delete(url))
  }
  list(): ReturnType<ModelStore['list']> {
    const entries = [...this.#files].map(([url, { bytes, record }]) => ({
      url,
      bytes: bytes.byteLength,
      record,
    }))
    return Promise.resolve(entries)
  }
}

const clients: EmbeddingsClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

function open(workers: number, storage: ModelStore, createWorker: () => Worker): EmbeddingsClient {
  const client = new EmbeddingsClient({
    modelsUrl: '/models/',
    device: 'wasm',
    storage,
    workers,
    createWorker,
  })
  clients.push(client)
  return client
}

const observed = () =>
  new Worker(new URL('./services/observed-memory-service.ts', import.meta.url), { type: 'module' })
const withoutShared = () =>
  new Worker(new URL('./services/no-shared-memory-service.ts', import.meta.url), { type: 'module' })

async function vectorsOf(client: EmbeddingsClient): Promise<number[][]> {
  const { data } = await client.embeddings.create({ model: MODEL, input: INPUT })
  return data.map(({ embedding }) => embedding)
}

/** Gives work until as many workers are up. */
async function untilWorkers(client: EmbeddingsClient, workers: number): Promise<number[][]> {
  let vectors: number[][] = []
  await until(async () => {
    vectors = await vectorsOf(client)
    return (await client.models.status(MODEL)).backend?.workers === workers
  })
  return vectors
}

test.each(['relaxed', 'plain'] as const)(
  'the %s build for shared memory gives the same bits',
  async (build) => {
    expect(await selfTestHashes(await loadEncoderModule(build, true))).toEqual([EXPECTED_HASH, EXPECTED_HASH])
  },
)

describe('weights in shared memory', () => {
  test('are read, compiled for and packed once, take the room of one, and give the same bits', async () => {
    const store = new CountingStore()
    const one = open(1, store, observed)
    const expected = await untilWorkers(one, 1)
    const [own] = await workerReports(1)
    expect(own?.shared).toBe(false)
    await one.close()
    store.reads = 0

    const client = open(3, store, observed)
    expect(await untilWorkers(client, 3)).toEqual(expected)
    const found = await workerReports(3)
    const bytes = Math.max(...found.map((report) => report.bytes))
    console.log(
      `WebAssembly memory of one worker ${String(own?.bytes)}, of three together ${String(bytes)} bytes`,
    )
    expect(found.map(({ shared }) => shared)).toEqual([true, true, true])
    expect(found.map(({ fetched }) => fetched).sort()).toEqual([0, 0, 1])
    // 23 MB of weights, and for each worker some 6 MB to compute in.
    expect(bytes).toBeLessThan((own?.bytes ?? 0) * 1.5)
    expect(store.reads).toBe(1)
    expect((await client.models.status(MODEL)).attempts).toEqual([
      { device: 'wasm', reason: 'chosen', chosen: true },
    ])
  })

  test('outlast a worker that ends; another one takes its place on them', async () => {
    const store = new CountingStore()
    const client = open(2, store, observed)
    const expected = await untilWorkers(client, 2)
    const reads = store.reads
    const [first] = await workerReports(2)
    tellWorkers(`end ${String(first?.name)}`)
    await until(async () => (await client.models.status(MODEL)).backend?.workers === 1)
    expect(await untilWorkers(client, 2)).toEqual(expected)
    expect((await workerReports(2)).map(({ shared }) => shared)).toEqual([true, true])
    expect(store.reads).toBe(reads)
  })

  test('are packed anew once the last worker has ended, and after the model was unloaded', async () => {
    const store = new CountingStore()
    const client = open(2, store, observed)
    const expected = await untilWorkers(client, 2)
    const reads = store.reads
    tellWorkers('end')
    await until(async () => (await client.models.status(MODEL)).backend?.workers === 0)
    expect(await untilWorkers(client, 2)).toEqual(expected)
    expect(store.reads).toBe(reads + 1)
    const before = Math.max(...(await workerReports(2)).map(({ bytes }) => bytes))
    await client.models.unload(MODEL)
    expect(await untilWorkers(client, 2)).toEqual(expected)
    expect(store.reads).toBe(reads + 2)
    // Memory of its own again, not a further part of what there was.
    expect(Math.max(...(await workerReports(2)).map(({ bytes }) => bytes))).toBe(before)
  })

  test('are each worker’s own, with the reason, where no shared memory can be had', async () => {
    const client = open(2, new CountingStore(), withoutShared)
    const vectors = await untilWorkers(client, 2)
    expect((await workerReports(2)).map(({ shared }) => shared)).toEqual([false, false])
    const { attempts, backend } = await client.models.status(MODEL)
    expect(backend?.runtime).toBe('simd')
    expect(attempts).toEqual([
      {
        device: 'wasm',
        reason: expect.stringMatching(/^weights not shared: .*no memory left/) as string,
        chosen: false,
      },
      { device: 'wasm', reason: 'chosen', chosen: true },
    ])
    await client.close()
    expect(await untilWorkers(open(1, new CountingStore(), observed), 1)).toEqual(vectors)
  })
})
