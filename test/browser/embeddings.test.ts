import { afterAll, beforeAll, expect, test } from 'vitest'
import { EmbeddingsClient } from '../../src/index.ts'
import { agreement, referenceRows, referenceTexts, type ReferenceRow } from './reference.ts'

const MODEL = 'all-MiniLM-L6-v2'
let client: EmbeddingsClient
let texts: string[]
let fp32: ReferenceRow[]

beforeAll(async () => {
  client = new EmbeddingsClient({ modelsUrl: '/models/', device: 'wasm' })
  texts = await referenceTexts()
  fp32 = await referenceRows('all-MiniLM-L6-v2.fp32')
})

afterAll(() => client.close())

test('vectors agree with the unquantised model', async () => {
  const { data, model, usage, system_fingerprint } = await client.embeddings.create({
    model: MODEL,
    input: texts,
    truncate: true,
  })
  expect(model).toBe(MODEL)
  expect(data.map(({ index }) => index)).toEqual(texts.map((_, index) => index))
  const { mean, minimum } = agreement(
    data.map(({ embedding }) => embedding),
    fp32.map(({ embedding }) => embedding),
  )
  console.log('fp32 agreement', mean, minimum, usage, system_fingerprint, JSON.stringify(await client.models.status(MODEL)))
  expect(mean).toBeGreaterThan(0.995)
  expect(usage.prompt_tokens).toBe(fp32.reduce((sum, { tokens }) => sum + tokens.length, 0))
})
