/** Vercel AI SDK's own `embed` and `embedMany` on the adapter. */

import { cosineSimilarity, embed, embedMany } from 'ai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aiSdkEmbeddingModel } from '../../../src/adapters/ai-sdk.ts'
import type { EmbeddingsClient } from '../../../src/index.ts'
import { MODEL, PROMPTS, promptedClient, vectorOf } from './prompted-model.ts'

let client: EmbeddingsClient

beforeAll(async () => {
  client = await promptedClient({ aliases: { 'text-embedding-3-small': MODEL } })
})

afterAll(() => client.close())

test('embed gives the vector, the usage and what ran', async () => {
  const model = aiSdkEmbeddingModel(client, 'text-embedding-3-small')
  const { embedding, usage, providerMetadata, warnings } = await embed({ model, value: 'Hello, world!' })
  expect(embedding).toEqual(await vectorOf(client, 'Hello, world!'))
  expect(usage.tokens).toBe(6)
  expect(providerMetadata?.['browser-embeddings']).toMatchObject({
    model: MODEL,
    systemFingerprint: expect.stringContaining(':384'),
  })
  expect(warnings).toEqual([])
})

test('embedMany keeps the order, and splits what is more than 2,048 texts', async () => {
  const values = Array.from({ length: 2050 }, (_, i) => `n ${String(i % 7)}`)
  const { embeddings, usage } = await embedMany({ model: aiSdkEmbeddingModel(client, MODEL), values })
  expect(embeddings).toHaveLength(2050)
  // [CLS] n <digit> [SEP]
  expect(usage.tokens).toBe(2050 * 4)
  expect(cosineSimilarity(embeddings[2049]!, await vectorOf(client, 'n 5'))).toBeGreaterThan(0.999)
})

test('settings and provider options pick prompt, dimensions and truncation', async () => {
  const model = aiSdkEmbeddingModel(client, MODEL, { inputType: 'query', dimensions: 64 })
  const query = await embed({ model, value: 'cats' })
  expect(query.embedding).toEqual(await vectorOf(client, `${PROMPTS.query}cats`, 64))
  const document = await embed({
    model,
    value: 'cats '.repeat(300),
    providerOptions: { 'browser-embeddings': { inputType: 'document', truncate: true, dimensions: 128 } },
  })
  expect(document.embedding).toHaveLength(128)
  expect(document.usage.tokens).toBe(256)
})

test('failures come through as they are, without a retry', async () => {
  let calls = 0
  const model = aiSdkEmbeddingModel(client, MODEL)
  const counted: typeof model = {
    ...model,
    doEmbed: (options) => {
      calls++
      return model.doEmbed(options)
    },
  }
  await expect(embed({ model: counted, value: '' })).rejects.toMatchObject({ status: 400, code: 'empty_input' })
  const wrong = { 'browser-embeddings': { inputType: 'nonsense' } }
  await expect(embed({ model: counted, value: 'x', providerOptions: wrong })).rejects.toMatchObject({
    code: 'invalid_value',
    param: 'input_type',
  })
  expect(calls).toBe(2)
})

test('an abort rejects with the own reason of the signal', async () => {
  const controller = new AbortController()
  const reason = new Error('not wanted any more')
  const values = Array.from({ length: 200 }, (_, index) => `${String(index)} ${'a long text '.repeat(60)}`)
  const pending = embedMany({
    model: aiSdkEmbeddingModel(client, MODEL),
    values,
    abortSignal: controller.signal,
  })
  setTimeout(() => {
    controller.abort(reason)
  }, 30)
  await expect(pending).rejects.toBe(reason)
})
