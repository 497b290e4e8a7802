/** The unnamed gateway, "Embeddings API" (api-docs/003). Each case cites the section of the document that it holds. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EmbeddingsClient } from '../../src/index.ts'
import { expectList, floatsOf, hasModel, MODEL, newClient, post, tokensOf } from './endpoint.ts'

const URL = 'https://gateway.test/v1/embeddings'
const FOX = 'The quick brown fox jumps over the lazy dog.'
const body = (fields: object = {}): object => ({ model: MODEL, input: FOX, ...fields })

describe('without a model', () => {
  const client = newClient()

  test.each([
    ['model', { input: FOX }],
    ['input', { model: MODEL }],
  ])('§ Required attributes: 400 without %s', async (param, request) => {
    const { status, error } = await post(client, URL, request)
    expect(status).toBe(400)
    expect(error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_type', param })
  })

  test.each([
    ['encoding_format', body({ encoding_format: 'uint8' })],
    ['dimensions', body({ dimensions: 0 })],
    ['user', body({ user: 1 })],
    ['metadata', body({ metadata: 'key=value' })],
    ['metadata.key', body({ metadata: { key: 1 } })],
    ['extra_body', body({ extra_body: [] })],
  ])('§ Optional attributes: 400 for a wrong %s', async (param, request) => {
    const { status, error } = await post(client, URL, request)
    expect(status).toBe(400)
    expect(error.param).toBe(param)
  })

  test('§ extra_body: its fields are checked as those of the body are', async () => {
    const wrong = await post(client, URL, body({ extra_body: { dimensions: 'x' } }))
    expect(wrong.error).toMatchObject({ code: 'invalid_type', param: 'dimensions' })
    const unknown = await post(client, URL, body({ extra_body: { truncation: 'END' } }))
    expect(unknown.error).toMatchObject({ code: 'unknown_parameter', param: 'extra_body.truncation' })
  })

  test('§ extra_body: gives what the body lacks, required fields too', async () => {
    const { error } = await post(client, URL, { model: MODEL, extra_body: { input: '' } })
    expect(error).toMatchObject({ code: 'empty_input', param: 'input' })
  })

  test('§ extra_body, § metadata: no prototype can be reached', async () => {
    for (const text of [
      `{"model":"m","input":"x","extra_body":{"__proto__":{"polluted":1}}}`,
      `{"model":"m","input":"x","metadata":{"__proto__":{"polluted":1}}}`,
      `{"model":"m","input":"x","__proto__":{"polluted":1}}`,
    ]) {
      expect((await post(client, URL, text)).status).toBe(400)
      expect(Reflect.has({}, 'polluted')).toBe(false)
    }
  })
})

if (hasModel) {
  describe('with a model', () => {
    let client: EmbeddingsClient

    beforeAll(() => {
      client = newClient()
    })
    afterAll(() => client.close())

    test('§ Request: the curl example as printed, with the model as an alias; § Response', async () => {
      const answer = await post(
        client,
        URL,
        `{
    "model": "your-embedding-model-or-deployment-id",
    "input": "The quick brown fox jumps over the lazy dog.",
    "encoding_format": "float"
  }`,
      )
      expectList(answer, 1)
      // Nine words, a full stop, [CLS] and [SEP]; the printed 9 are of another tokenizer.
      expect(tokensOf(answer)).toBe(12)
    })

    test('§ input: a single string, an array of strings, an array of token ID arrays', async () => {
      const [one] = expectList(await post(client, URL, body()), 1)
      expect(expectList(await post(client, URL, body({ input: [FOX] })), 1)).toEqual([one])
      // The document's own ids; 1, 2 … are unused entries of BERT's vocabulary, and valid.
      const answer = await post(
        client,
        URL,
        body({
          input: [
            [1, 2, 3],
            [4, 5, 6],
          ],
        }),
      )
      expectList(answer, 2)
      expect(tokensOf(answer)).toBe(10)
    })

    test('§ encoding_format: float and base64 are the same floats', async () => {
      const [floats] = expectList(await post(client, URL, body({ encoding_format: 'float' })), 1)
      const answer = await post(client, URL, body({ encoding_format: 'base64' }))
      const [entry] = (answer.body as unknown as { data: { embedding: string }[] }).data
      expect(floatsOf(entry!.embedding)).toEqual(floats)
    })

    test('§ dimensions: for models that can be cut', async () => {
      expectList(await post(client, URL, body({ dimensions: 128 })), 1, 128)
    })

    test('§ user, § metadata: accepted, and without a trace in the answer', async () => {
      const plain = await post(client, URL, body())
      const tagged = await post(client, URL, body({ user: 'u-77', metadata: { team: 'search', run: '42' } }))
      expect(tagged.body).toEqual(plain.body)
    })

    test('§ extra_body: merged into the request; the own fields of the body win', async () => {
      const merged = await post(client, URL, body({ extra_body: { dimensions: 64, truncate: true } }))
      expectList(merged, 1, 64)
      const both = await post(client, URL, body({ dimensions: 128, extra_body: { dimensions: 64 } }))
      expectList(both, 1, 128)
      const long = body({ input: 'word '.repeat(300), extra_body: { truncate: true } })
      expect(tokensOf(await post(client, URL, long))).toBe(256)
    })
  })
}
