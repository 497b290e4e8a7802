/** NanoGPT, "Embeddings" (api-docs/004). Each case cites the section of the document that it holds. */

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { EmbeddingsClient } from '../../src/index.ts'
import { expectList, floatsOf, hasModel, MODEL, newClient, post, request, tokensOf } from './endpoint.ts'

const URL = 'https://nano-gpt.com/api/v1/embeddings'
const small = (fields: object): object => ({ model: 'text-embedding-3-small', ...fields })

describe('without a model', () => {
  const client = newClient()

  test.each([
    ['input', 'missing', {}],
    ['input', 'an object', { input: {} }],
    ['input[0]', 'an array of objects', { input: [{}] }],
    ['input', 'more than 2048 texts', { input: Array<string>(2049).fill('x') }],
    ['encoding_format', 'outside the enum', { input: 'x', encoding_format: 'int8' }],
    ['dimensions', 'no integer', { input: 'x', dimensions: 2.5 }],
    ['user', 'no string', { input: 'x', user: false }],
  ])('§ OpenAPI EmbeddingRequest: 400 when %s is %s', async (param, _what, fields) => {
    const { status, error } = await post(client, URL, small(fields))
    expect(status).toBe(400)
    expect(error).toMatchObject({ type: 'invalid_request_error', param })
  })

  test('§ OpenAPI EmbeddingRequest: 400 when model is missing', async () => {
    const { status, error } = await post(client, URL, { input: 'x' })
    expect([status, error.param]).toEqual([400, 'model'])
  })

  test('§ OpenAPI requestBody: required, application/json', async () => {
    expect((await request(client, URL, { method: 'POST' })).status).toBe(415)
    const empty = await post(client, URL, '')
    expect([empty.status, empty.error.code]).toEqual([400, 'invalid_json'])
    expect((await post(client, URL, '[]')).status).toBe(400)
  })

  test('§ OpenAPI securitySchemes: a bearer token, x-api-key or neither makes no difference', async () => {
    const json = { 'Content-Type': 'application/json' }
    const answers = await Promise.all(
      [{ ...json, Authorization: 'Bearer k' }, { ...json, 'x-api-key': 'k' }, json].map((headers) =>
        post(client, URL, small({}), headers),
      ),
    )
    expect(new Set(answers.map(({ status, error }) => `${String(status)} ${error.message}`)).size).toBe(1)
  })
})

if (hasModel) {
  describe('with a model', () => {
    let client: EmbeddingsClient

    beforeAll(() => {
      client = newClient()
    })
    afterAll(() => client.close())

    test('§ cURL: as printed; § Response Format', async () => {
      const answer = await post(
        client,
        URL,
        `{
    "input": "Your text to embed",
    "model": "text-embedding-3-small"
  }`,
      )
      expectList(answer, 1)
    })

    test('§ JavaScript/TypeScript: as printed, but for base URL, key and fetch', async () => {
      const { default: OpenAI } = await import('openai')
      const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)

      // Initialize client pointing to NanoGPT
      const openai = new OpenAI({
        apiKey: 'local',
        baseURL: 'https://local.test/api/v1',
        fetch: client.fetch,
        dangerouslyAllowBrowser: true,
      })

      // Create embedding
      const response = await openai.embeddings.create({
        input: 'Your text to embed',
        model: 'text-embedding-3-small',
      })

      // Access the embedding
      const embedding = response.data[0]!.embedding
      console.log(`Embedding dimensions: ${embedding.length}`)

      expect(printed.mock.calls).toEqual([['Embedding dimensions: 384']])
      printed.mockRestore()
    })

    test('§ Batch Processing: embeddings by index', async () => {
      const input = ['First text to embed', 'Second text to embed', 'Third text to embed']
      expectList(await post(client, URL, small({ input })), 3)
    })

    test('§ Dimension Reduction: 256, as printed', async () => {
      expectList(await post(client, URL, small({ input: 'Your text to embed', dimensions: 256 })), 1, 256)
    })

    test('§ Request Parameters: 2048 strings at once', async () => {
      const input = Array.from({ length: 2048 }, (_, i) => `n${String(i % 9)}`)
      expectList(await post(client, URL, small({ input, dimensions: 64, user: 'u' })), 2048, 64)
    })

    test('§ OpenAPI EmbeddingResponse: an embedding is an array of numbers, or a base64 string', async () => {
      const [floats] = expectList(await post(client, URL, small({ input: 'x' })), 1)
      const { body } = await post(client, URL, small({ input: 'x', encoding_format: 'base64' }))
      const [entry] = (body as unknown as { data: { embedding: unknown }[] }).data
      expect(floatsOf(entry!.embedding as string)).toEqual(floats)
    })

    test('§ Semantic Search: the document that means what the query says comes first', async () => {
      const documents = ['How to bake sourdough bread', 'Resetting a lost password', 'Train times to Paris']
      const rows = expectList(await post(client, URL, small({ input: documents })), 3)
      const [query] = expectList(await post(client, URL, small({ input: 'I forgot my login' })), 1)
      const scores = rows.map((row) => row.reduce((sum, value, k) => sum + value * query![k]!, 0))
      expect(scores.indexOf(Math.max(...scores))).toBe(1)
    })

    test('§ Cost Optimization: usage counts every token, of each request alike', async () => {
      const first = tokensOf(await post(client, URL, small({ input: 'the same text' })))
      // [CLS] the same text [SEP]
      expect(first).toBe(5)
      expect(tokensOf(await post(client, URL, small({ input: 'the same text' })))).toBe(first)
    })

    test('§ Error Handling: an invalid model names its param; here it is 404, with a code', async () => {
      const { status, error } = await post(client, URL, { model: 'Invalid', input: 'x' })
      expect(status).toBe(404)
      expect(error).toMatchObject({ type: 'invalid_request_error', param: 'model', code: 'model_not_found' })
    })

    test('§ Rate Limits: no requests a second, but a queue that can be full', async () => {
      const burst = await Promise.all(
        Array.from({ length: 120 }, () => post(client, URL, small({ input: 'x' }))),
      )
      expect(burst.every(({ status }) => status === 200)).toBe(true)
      const narrow = newClient({ maxPendingInputs: 4 })
      try {
        const { status } = await post(narrow, URL, small({ input: ['a', 'b', 'c', 'd', 'e'] }))
        expect(status).toBe(429)
      } finally {
        await narrow.close()
      }
    })

    test('§ Available Models: what is listed can be retrieved', async () => {
      const base = 'https://nano-gpt.com/api/v1/models'
      const { body } = await request(client, base)
      const { data } = body as unknown as { data: { id: string }[] }
      expect(data.map(({ id }) => id)).toContain(MODEL)
      for (const entry of data) {
        expect((await request(client, `${base}/${encodeURIComponent(entry.id)}`)).body).toEqual(entry)
      }
    })
  })
}
