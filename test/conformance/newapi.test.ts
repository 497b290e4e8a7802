/** NewAPI, "OpenAI Embeddings Format" (api-docs/001). Each case cites the section of the document that it holds. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EmbeddingsClient } from '../../src/index.ts'
import { expectList, floatsOf, hasModel, MODEL, newClient, post, request, tokensOf } from './endpoint.ts'

const URL = 'https://your-newapi-server-address/v1/embeddings'
const ada = (fields: object): object => ({ model: 'text-embedding-ada-002', ...fields })

describe('without a model', () => {
  const client = newClient()

  test.each([
    ['an empty string', '', 'empty_input', 'input'],
    ['an empty string among others', ['x', ''], 'empty_input', 'input[1]'],
    ['an empty array', [], 'empty_input', 'input'],
    ['an empty array of tokens', [[]], 'empty_input', 'input[0]'],
    ['more than 2,048 texts', Array<string>(2049).fill('x'), 'array_above_max_length', 'input'],
    ['more than 2,048 token arrays', Array<number[]>(2049).fill([1]), 'array_above_max_length', 'input'],
    ['a token below 0', [[-1]], 'invalid_token', 'input[0][0]'],
    ['a token that is no integer', [1.5], 'invalid_token', 'input[0]'],
    ['texts and tokens mixed', ['x', 5], 'invalid_type', 'input[1]'],
    ['null', null, 'invalid_type', 'input'],
  ])('§ `input`: 400 for %s', async (_name, input, code, param) => {
    const { status, error } = await post(client, URL, ada({ input }))
    expect(status).toBe(400)
    expect(error).toMatchObject({ type: 'invalid_request_error', code, param })
  })

  test.each([
    ['model', 7, 'invalid_type'],
    ['model', '', 'invalid_value'],
    ['encoding_format', 'hex', 'invalid_value'],
    ['dimensions', -1, 'invalid_value'],
    ['dimensions', '512', 'invalid_type'],
    ['user', {}, 'invalid_type'],
  ])('§ Request Body Parameters: 400 for `%s` %j', async (param, value, code) => {
    const { status, error } = await post(client, URL, { ...ada({ input: 'x' }), [param]: value })
    expect(status).toBe(400)
    expect(error).toMatchObject({ type: 'invalid_request_error', code, param })
  })

  test('§ Error Response: an error object with message, type, param and code, and a status in 4XX–5XX', async () => {
    const { status, body, headers } = await post(client, URL, ada({ input: '' }))
    expect(status).toBe(400)
    expect(Object.keys(body)).toEqual(['error'])
    expect(Object.keys(body['error']!)).toEqual(['message', 'type', 'param', 'code'])
    expect(headers.get('x-request-id')).not.toBe('')
  })

  test('§ Create Text Embeddings: Content-Type application/json is asked for', async () => {
    const { status, error } = await post(client, URL, ada({ input: 'x' }), { 'Content-Type': 'text/plain' })
    expect(status).toBe(415)
    expect(error.type).toBe('invalid_request_error')
  })

  test('§ Endpoint: POST', async () => {
    expect((await request(client, URL, { method: 'PUT', body: '{}' })).status).toBe(405)
  })
})

if (hasModel) {
  describe('with a model', () => {
    let client: EmbeddingsClient

    beforeAll(() => {
      client = newClient()
    })
    afterAll(() => client.close())

    test('§ Create Text Embeddings: the curl example as printed', async () => {
      const answer = await post(
        client,
        URL,
        `{
    "input": "The food was delicious and the waiter...",
    "model": "text-embedding-ada-002",
    "encoding_format": "float"
  }`,
      )
      expectList(answer, 1)
      // [CLS] the food was delicious and the waiter . . . [SEP]; the printed 8 are of another tokenizer.
      expect(tokensOf(answer)).toBe(12)
    })

    test('§ Batch Create Embeddings: the curl example as printed', async () => {
      const answer = await post(
        client,
        URL,
        `{
    "input": ["The food was delicious", "The waiter was friendly"],
    "model": "text-embedding-ada-002",
    "encoding_format": "float"
  }`,
      )
      const [first, second] = expectList(answer, 2)
      expect(first).not.toEqual(second)
      // Four words each, with [CLS] and [SEP]: 12, as printed.
      expect((answer.body as Record<string, unknown>)['usage']).toEqual({ prompt_tokens: 12, total_tokens: 12 })
    })

    test('§ `input`: an array of tokens, and an array of token arrays, as the text they stand for', async () => {
      // The ids of `the food was delicious` in the vocabulary of BERT uncased.
      const tokens = [1996, 2833, 2001, 12090]
      const text = await post(client, URL, ada({ input: 'The food was delicious' }))
      const flat = await post(client, URL, ada({ input: tokens }))
      const nested = await post(client, URL, ada({ input: [tokens, tokens] }))
      const withSpecialTokens = await post(client, URL, ada({ input: [[101, ...tokens, 102]] }))
      const [expected] = expectList(text, 1)
      expect(expectList(flat, 1)).toEqual([expected])
      expect(expectList(withSpecialTokens, 1)).toEqual([expected])
      expectList(nested, 2)
      expect(tokensOf(nested)).toBe(2 * tokensOf(text))
    })

    test('§ `input`: a token that the model does not have is refused, naming it', async () => {
      const { status, error } = await post(client, URL, ada({ input: [[1996, 30_522]] }))
      expect(status).toBe(400)
      expect(error).toMatchObject({ code: 'invalid_token', param: 'input[0][1]' })
    })

    test('§ `input`: 2,048 texts in one request, in order', async () => {
      const words = ['cat', 'dog', 'tax', 'sun']
      const input = Array.from({ length: 2048 }, (_, i) => words[i % words.length])
      const rows = expectList(await post(client, URL, ada({ input, dimensions: 64 })), 2048, 64)
      const singles = await Promise.all(
        words.map((word) => post(client, URL, ada({ input: word, dimensions: 64 }))),
      )
      const expected = singles.map((answer) => expectList(answer, 1, 64)[0]!)
      for (const [index, row] of rows.entries()) {
        const own = expected[index % words.length]!
        expect(row.reduce((sum, value, k) => sum + value * own[k]!, 0)).toBeGreaterThan(0.998)
      }
    })

    test('§ `encoding_format`: float by default; base64 decodes to the same floats', async () => {
      const [byDefault] = expectList(await post(client, URL, ada({ input: 'x' })), 1)
      const [float] = expectList(await post(client, URL, ada({ input: 'x', encoding_format: 'float' })), 1)
      expect(float).toEqual(byDefault)
      const { body } = await post(client, URL, ada({ input: 'x', encoding_format: 'base64' }))
      const [entry] = (body as unknown as { data: { embedding: string }[] }).data
      expect(floatsOf(entry!.embedding)).toEqual(byDefault)
    })

    test('§ `dimensions`, § `user`: taken', async () => {
      expectList(await post(client, URL, ada({ input: 'x', dimensions: 256, user: 'someone' })), 1, 256)
    })

    test('§ `model`: the List models API shows what can be asked for; another is not found', async () => {
      const { body } = await request(client, 'https://your-newapi-server-address/v1/models')
      const { data } = body as unknown as { data: Record<string, unknown>[] }
      for (const model of data) {
        expect(model).toEqual({
          id: expect.any(String),
          object: 'model',
          created: expect.any(Number),
          owned_by: expect.any(String),
          // Ours: what of the model is kept on this device.
          stored: model['stored'] === null ? null : { bytes: expect.any(Number), files: expect.any(Number) },
        })
      }
      expect(data.map(({ id }) => id)).toContain(MODEL)
      const { status, error } = await post(client, URL, { model: 'no-such-model', input: 'x' })
      expect(status).toBe(404)
      expect(error).toMatchObject({ code: 'model_not_found', param: 'model' })
    })

    test('§ Error Response: the printed example, for a text over the limit of the model', async () => {
      const { status, error } = await post(client, URL, ada({ input: 'word '.repeat(300) }))
      expect(status).toBe(400)
      expect({ ...error, message: '' }).toEqual({
        message: '',
        type: 'invalid_request_error',
        param: 'input',
        code: 'context_length_exceeded',
      })
      // 300 words, [CLS] and [SEP].
      expect(error.message).toMatch(/256.*302/)
    })
  })
}
