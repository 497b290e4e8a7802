/** The hub's own q8 files, unmodified, beside transformers.js in the same page and beside native onnxruntime. */

import { afterAll, describe, expect, test } from 'vitest'
import { EmbeddingsClient } from '../../src/index.ts'
import { agreement, referenceRows, referenceTexts } from './reference.ts'
import { haveSharedModels } from './shared-models.ts'
import { transformersVectors } from './transformers-js.ts'

interface HubModel {
  id: string
  reference: string
  pooling: 'mean' | 'cls'
  /** How many of the texts: the last ones are long, and these models have twelve layers. */
  texts: number
  maxTokens: number
}

const MINILM: HubModel = {
  id: 'all-MiniLM-L6-v2',
  reference: 'all-MiniLM-L6-v2.q8',
  pooling: 'mean',
  texts: 39,
  maxTokens: 256,
}
const MODELS: HubModel[] = [
  MINILM,
  { id: 'bge-small-en-v1.5', reference: 'bge-small-en-v1.5.q8', pooling: 'cls', texts: 38, maxTokens: 512 },
  { id: 'e5-small-v2', reference: 'e5-small-v2.q8', pooling: 'mean', texts: 38, maxTokens: 512 },
]

const here = await haveSharedModels('the hub files beside transformers.js')
const all = here ? await referenceTexts() : []
const client = new EmbeddingsClient({
  modelsUrl: '/shared-models/',
  device: 'wasm',
  workers: 1,
  cpuRuntime: 'onnxruntime',
  storage: 'memory',
})

afterAll(() => client.close())

async function oneByOne(model: string, texts: readonly string[], input_type?: 'query'): Promise<number[][]> {
  const vectors: number[][] = []
  for (const input of texts) {
    const { data } = await client.embeddings.create({ model, input, input_type, truncate: true })
    vectors.push(data[0]!.embedding)
  }
  return vectors
}

describe.each(here ? MODELS : [])('$id', ({ id, reference, pooling, texts: count, maxTokens }) => {
  const texts = all.slice(0, count)
  // The catalogue's e5 puts `query: ` before a query; the reference and transformers.js get it as part of the text.
  const prompt = id === 'e5-small-v2' ? 'query: ' : ''
  let ours: number[][] = []

  // transformers.js runs the file as it is, with one scale a text; here each token has its own. Neither is exact.
  test('agrees with transformers.js in the same page, one text at a time', { timeout: 120_000 }, async () => {
    ours = await oneByOne(id, texts, prompt === '' ? undefined : 'query')
    const theirs = await transformersVectors(
      `Xenova/${id}`,
      pooling,
      texts.map((text) => prompt + text),
    )
    const { mean, minimum } = agreement(ours, theirs)
    console.log(`${id} beside transformers.js: cosine mean ${mean}, minimum ${minimum}`)
    expect(mean).toBeGreaterThanOrEqual(0.985)
    expect(minimum).toBeGreaterThanOrEqual(0.96)
    if (id !== MINILM.id) return
    const exact = (await referenceRows('all-MiniLM-L6-v2.fp32'))
      .slice(0, count)
      .map(({ embedding }) => embedding)
    const nearness = [ours, theirs.map((vector) => [...vector])].map(
      (vectors) => agreement(vectors, exact).mean,
    )
    console.log(`${id} to the unquantised model: cosine mean ${nearness[0]!}, transformers.js ${nearness[1]!}`)
    expect(nearness[0]).toBeGreaterThan(nearness[1]!)
  })

  test('agrees with native onnxruntime', async () => {
    const native = (await referenceRows(reference)).slice(0, count).map(({ embedding }) => embedding)
    expect(ours).toHaveLength(count)
    const { mean, minimum } = agreement(ours, native)
    console.log(`${id} beside native onnxruntime: cosine mean ${mean}, minimum ${minimum}`)
    expect(mean).toBeGreaterThanOrEqual(0.985)
    expect(minimum).toBeGreaterThanOrEqual(0.96)
  })

  test('usage counts the tokens of the reference, prompt and special tokens included', async () => {
    const rows = await referenceRows(reference)
    const input = all.slice(0, 20)
    const { usage } = await client.embeddings.create({
      model: id,
      input,
      ...(prompt === '' ? {} : { input_type: 'query' }),
    })
    const tokens = rows.slice(0, 20).reduce((sum, row) => sum + row.tokens.length, 0)
    expect(usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens })
    expect((await client.models.status(id)).backend?.maxTokens).toBe(maxTokens)
  })
})

test.runIf(here)('the full hub id and the catalogue id run the same file and name it differently', async () => {
  const input = 'The full id of the hub.'
  const short = await client.embeddings.create({ model: MINILM.id, input })
  const long = await client.embeddings.create({ model: `Xenova/${MINILM.id}`, input })
  expect(long.data).toEqual(short.data)
  expect([short.model, long.model]).toEqual([MINILM.id, `Xenova/${MINILM.id}`])
  expect((await client.models.status(`Xenova/${MINILM.id}`)).backend?.file).toBe('onnx/model_quantized.onnx')
})

test.runIf(here)('a query of bge gets its prompt, a document none', async () => {
  const model = 'bge-small-en-v1.5'
  const embed = async (input: string, input_type?: 'query' | 'document') =>
    (await client.embeddings.create({ model, input, input_type })).data[0]!.embedding
  expect(await embed('capital of France', 'query')).toEqual(
    await embed('Represent this sentence for searching relevant passages: capital of France'),
  )
  expect(await embed('capital of France', 'document')).toEqual(await embed('capital of France'))
})

test.runIf(here)('a model without further dimensions refuses them', async () => {
  await expect(
    client.embeddings.create({ model: 'bge-small-en-v1.5', input: 'text', dimensions: 256 }),
  ).rejects.toMatchObject({ code: 'unsupported_value', status: 400, param: 'dimensions' })
})
