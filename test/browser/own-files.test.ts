/** Models in hub layout without a manifest, described by their own files alone. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { EmbeddingsClient } from '../../src/index.ts'
import { rejectedBy } from '../unit/thrown-by.ts'

interface Expected {
  texts: string[]
  rows: Record<string, { embedding: number[] }[]>
}

const expected = (await (await fetch('/fixtures/tiny/expected.json')).json()) as Expected
const OPTIONS = { modelsUrl: '/fixtures/hub/', device: 'wasm', workers: 1, cpuRuntime: 'onnxruntime' } as const
const client = new EmbeddingsClient(OPTIONS)

beforeAll(() => caches.delete('browser-embeddings-v1'))
afterAll(() => client.close())

test('pooling, limit and graph of own-cls give the vectors of native onnxruntime', async () => {
  const input = expected.texts
  const { data } = await client.embeddings.create({ model: 'own-cls', input, truncate: true })
  for (const [index, { embedding }] of data.entries()) {
    const wanted = expected.rows['cls']![index]!.embedding
    embedding.forEach((value, at) => {
      expect(Math.abs(value - wanted[at]!)).toBeLessThan(1e-6)
    })
  }
  const { backend } = await client.models.status('own-cls')
  expect(backend).toMatchObject({ file: 'onnx/model.onnx', dtype: 'fp32', dimensions: 8, maxTokens: 16 })
})

test('its prompts count', async () => {
  const embed = async (input: string, input_type?: 'query' | 'document') =>
    (await client.embeddings.create({ model: 'own-cls', input, input_type })).data[0]!.embedding
  expect(await embed('green', 'query')).toEqual(await embed('red green'))
  expect(await embed('green', 'document')).toEqual(await embed('blue green'))
})

test('stored, it is the same model from the store, with nothing fetched', async () => {
  const again = new EmbeddingsClient({
    ...OPTIONS,
    createWorker: () =>
      new Worker(new URL('./services/observed-service.ts', import.meta.url), { type: 'module' }),
  })
  try {
    const status = await again.models.load('own-cls')
    expect(status).toMatchObject({ state: 'ready', source: 'store', storage: 'cache' })
    expect((await fetchesOfWorker()).filter((path) => path.includes('/fixtures/'))).toEqual([])
  } finally {
    await again.close()
  }
})

test('delete frees every file of it', async () => {
  await client.models.delete('own-cls')
  const keys = await (await caches.open('browser-embeddings-v1')).keys()
  expect(keys.filter(({ url }) => url.includes('/own-cls/'))).toEqual([])
})

test('a model that nothing says how to pool is refused, with what to pass', async () => {
  const error = await rejectedBy(client.embeddings.create({ model: 'no-pooling', input: 'red' }))
  expect(error).toMatchObject({ code: 'bad_model_file', status: 502 })
  expect(error.message).toContain("models: [{ format: 1, id: 'no-pooling', recipe: { pooling:")
})

test('a folder with descriptions and no graph is refused by what was tried', async () => {
  const error = await rejectedBy(client.embeddings.create({ model: 'minilm-files', input: 'red' }))
  expect(error).toMatchObject({ code: 'model_file_not_found', status: 404 })
  expect(error.message).toContain('onnx/model_quantized.onnx')
})

function fetchesOfWorker(): Promise<string[]> {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel('observed-service')
    channel.addEventListener('message', ({ data }: MessageEvent<string[]>) => {
      channel.close()
      resolve(data)
    })
    channel.postMessage('fetches')
  })
}
