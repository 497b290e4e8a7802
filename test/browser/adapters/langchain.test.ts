/** LangChain.js's own base class and documents on the adapter. */

import { Document } from '@langchain/core/documents'
import { Embeddings } from '@langchain/core/embeddings'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LocalEmbeddings } from '../../../src/adapters/langchain.ts'
import type { EmbeddingsClient } from '../../../src/index.ts'
import { MODEL, PROMPTS, promptedClient, vectorOf } from './prompted-model.ts'

let client: EmbeddingsClient

beforeAll(async () => {
  client = await promptedClient()
})

afterAll(() => client.close())

test('is a LangChain Embeddings', () => {
  expect(new LocalEmbeddings({ client, model: MODEL })).toBeInstanceOf(Embeddings)
})

test('keeps the prompts of queries and documents apart', async () => {
  const embeddings = new LocalEmbeddings({ client, model: MODEL, dimensions: 64 })
  const documents = [new Document({ pageContent: 'cats sleep' }), new Document({ pageContent: 'dogs bark' })]
  const vectors = await embeddings.embedDocuments(documents.map(({ pageContent }) => pageContent))
  expect(vectors).toHaveLength(2)
  expect(vectors[0]).toEqual(await vectorOf(client, `${PROMPTS.document}cats sleep`, 64))
  expect(await embeddings.embedQuery('cats')).toEqual(await vectorOf(client, `${PROMPTS.query}cats`, 64))
})

test('asks for one batch after another, in order', async () => {
  const running: number[] = []
  let inFlight = 0
  let most = 0
  const watched = Object.create(client, {
    embeddings: {
      value: {
        create: async (body: { input: string[] }, options: object) => {
          running.push(body.input.length)
          most = Math.max(most, ++inFlight)
          try {
            return await client.embeddings.create({ model: MODEL, ...body }, options)
          } finally {
            inFlight--
          }
        },
      },
    },
  }) as EmbeddingsClient
  const embeddings = new LocalEmbeddings({ client: watched, model: MODEL, batchSize: 4 })
  const texts = Array.from({ length: 10 }, (_, i) => `text ${String(i)}`)
  const vectors = await embeddings.embedDocuments(texts)
  expect(running).toEqual([4, 4, 2])
  expect(most).toBe(1)
  expect(vectors).toHaveLength(10)
})

test('has nothing to do for no documents', async () => {
  expect(await new LocalEmbeddings({ client, model: MODEL }).embedDocuments([])).toEqual([])
})

test.each([0, -1, 1.5, NaN, 2049])('refuses a batch size of %d', (batchSize) => {
  expect(() => new LocalEmbeddings({ client, model: MODEL, batchSize })).toThrow(
    expect.objectContaining({ code: 'invalid_value', param: 'batchSize' }),
  )
})

test('rejects with the error of the client, and with the own reason of the signal', async () => {
  const embeddings = new LocalEmbeddings({ client, model: MODEL })
  await expect(embeddings.embedQuery('')).rejects.toMatchObject({ status: 400, code: 'empty_input' })
  const controller = new AbortController()
  const reason = new Error('left the page')
  const aborted = new LocalEmbeddings({ client, model: MODEL, signal: controller.signal })
  const pending = aborted.embedDocuments(
    Array.from({ length: 200 }, (_, index) => `${String(index)} ${'a long text '.repeat(60)}`),
  )
  setTimeout(() => {
    controller.abort(reason)
  }, 30)
  await expect(pending).rejects.toBe(reason)
})
