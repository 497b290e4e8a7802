import { afterAll, beforeAll, expect, test } from 'vitest'
import { EmbeddingsClient } from '../../src/index.ts'
import { agreement, referenceRows, referenceTexts } from '../browser/reference.ts'

const MODEL = 'all-MiniLM-L6-v2'
let client: EmbeddingsClient

beforeAll(() => {
  client = new EmbeddingsClient({ modelsUrl: '/models/' })
})

afterAll(() => client.close())

test('WebGPU is chosen after its known-answer test, and its vectors agree with the unquantised model', async () => {
  const texts = (await referenceTexts()).slice(0, 8)
  const fp32 = (await referenceRows('all-MiniLM-L6-v2.fp32')).slice(0, 8)
  const { data } = await client.embeddings.create({ model: MODEL, input: texts })
  const { mean, minimum } = agreement(
    data.map(({ embedding }) => embedding),
    fp32.map(({ embedding }) => embedding),
  )
  const status = await client.models.status(MODEL)
  console.log('WebGPU', mean, minimum, JSON.stringify(status))
  expect(status.backend?.device).toBe('webgpu')
  expect(mean).toBeGreaterThanOrEqual(0.999)
})
