/** Which backend runs, and what `status` says of it. This project's Chromium has WebGPU, but no adapter. */

import { afterEach, expect, test } from 'vitest'
import { EmbeddingsClient, type EmbeddingsClientOptions } from '../../src/index.ts'
import { until } from './until.ts'

const SHIPPED = 'all-MiniLM-L6-v2'
const open: EmbeddingsClient[] = []

function client(options: EmbeddingsClientOptions): EmbeddingsClient {
  const made = new EmbeddingsClient({ modelsUrl: '/models/', ...options })
  open.push(made)
  return made
}

afterEach(() => Promise.all(open.splice(0).map((made) => made.close())))

test('no adapter: WASM runs, does not wait for it, and the reason is told', async () => {
  expect(await navigator.gpu.requestAdapter()).toBeNull()
  const auto = client({ workers: 1 })
  const { backend, background, attempts: first } = await auto.models.load(SHIPPED)
  expect(background).toEqual(backend)
  expect(first[0]?.reason).toMatch(/^(?:waiting for the adapter|no adapter)$/)
  await until(async () => (await auto.models.status(SHIPPED)).attempts[0]?.reason === 'no adapter')
  const { attempts, verdicts } = await auto.models.status(SHIPPED)
  expect(verdicts).toEqual([])
  expect(backend).toMatchObject({ device: 'wasm', adapter: null, file: 'onnx/model_q8_wasm.onnx' })
  expect(backend?.knownAnswerCosine).toBeGreaterThan(0.99)
  expect(attempts).toEqual([
    { device: 'webgpu', reason: 'no adapter', chosen: false },
    { device: 'wasm', reason: 'chosen', chosen: true },
  ])
})

test('a model without a graph for WebGPU: the adapter is not even asked for', async () => {
  const tiny = client({ modelsUrl: '/fixtures/tiny/', cpuRuntime: 'onnxruntime', storage: 'memory' })
  const { attempts } = await tiny.models.load('tiny-mean')
  expect(attempts).toEqual([
    { device: 'webgpu', reason: 'the model has no graph for WebGPU', chosen: false },
    { device: 'wasm', reason: 'chosen', chosen: true },
  ])
})

test('workers start as work arrives, up to the number asked for', async () => {
  const two = client({ modelsUrl: '/fixtures/tiny/', device: 'wasm', workers: 2, storage: 'memory' })
  expect((await two.models.load('tiny-slow')).backend?.workers).toBe(1)
  const words = ['red', 'green', 'blue', 'white', 'black', 'grey', 'pink', 'brown']
  // All different, as equal ones run once.
  const input = Array.from({ length: 320 }, (_, index) =>
    [index, index >> 3, index >> 6]
      .map((digit) => words[digit % 8]!)
      .concat(Array(11).fill('red'))
      .join(' '),
  )
  const { data } = await two.embeddings.create({ model: 'tiny-slow', input })
  expect(data).toHaveLength(320)
  // On a busy machine the second may come up after the last batch.
  await until(async () => (await two.models.status('tiny-slow')).backend?.workers === 2)
})

test('threads give the same vectors as one thread', async () => {
  const input = ['Hello, world!', 'How do I reset my password?']
  const one = await client({ device: 'wasm', workers: 1, cpuRuntime: 'onnxruntime' }).embeddings.create({
    model: SHIPPED,
    input,
  })
  const threaded = client({ device: 'wasm', workers: 1, threads: 2, cpuRuntime: 'onnxruntime' })
  const two = await threaded.embeddings.create({ model: SHIPPED, input })
  const threads = Math.min(2, navigator.hardwareConcurrency)
  expect((await threaded.models.status(SHIPPED)).backend?.threads).toBe(threads)
  two.data.forEach(({ embedding }, row) => {
    embedding.forEach((value, k) => {
      expect(Math.abs(value - one.data[row]!.embedding[k]!)).toBeLessThan(1e-3)
    })
  })
})

test('a recipe of the page needs no manifest on the server', async () => {
  const manifest = (await (await fetch('/fixtures/tiny/tiny-mean/manifest.json')).json()) as unknown
  const own = client({ modelsUrl: '/fixtures/tiny/', device: 'wasm', models: [manifest], storage: 'memory' })
  expect((await own.models.list()).data[0]).toMatchObject({ id: 'tiny-mean', owned_by: 'fixtures' })
  const { data } = await own.embeddings.create({ model: 'tiny-mean', input: 'red' })
  expect(data[0]?.embedding).toHaveLength(8)
})

test('a text for which there is no memory: out_of_memory, and the next one is answered', async () => {
  const hungry = client({ modelsUrl: '/fixtures/tiny/', device: 'wasm', workers: 1, storage: 'memory' })
  const create = (input: string) => hungry.embeddings.create({ model: 'tiny-hungry', input })
  const before = await create('red green')
  // 16 tokens: an array of 4 GiB less 5 MB, more than is left of what WebAssembly can address.
  await expect(create('red '.repeat(14))).rejects.toMatchObject({
    status: 507,
    code: 'out_of_memory',
    type: 'internal_server_error',
  })
  expect((await create('red green')).data).toEqual(before.data)
})
