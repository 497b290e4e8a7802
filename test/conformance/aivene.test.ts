/** Aivene, "Create Embeddings" (api-docs/002). Each case cites the section of the document that it holds. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeBase64Embedding } from '../../src/index.ts'
import type { EmbeddingsClient } from '../../src/index.ts'
import { changedModel, expectList, hasModel, MODEL, newClient, post, request } from './endpoint.ts'

const URL = 'https://api.aivene.com/v1/embeddings'
const small = (fields: object): object => ({ model: 'text-embedding-3-small', ...fields })

describe('without a model', () => {
  const client = newClient()

  test.each([
    ['model', { input: 'x' }],
    ['input', { model: 'm' }],
    ['input[0]', { model: 'm', input: [true] }],
    ['dimensions', small({ input: 'x', dimensions: 'all' })],
    ['encoding_format', small({ input: 'x', encoding_format: 'float32' })],
    ['user', small({ input: 'x', user: ['me'] })],
    ['safety_identifier', small({ input: 'x', safety_identifier: 5 })],
    ['temperature', small({ input: 'x', temperature: 1 })],
  ])('§ Errors: 400 is a schema violation whose message names the offending field: %s', async (field, body) => {
    const { status, error } = await post(client, URL, body)
    expect(status).toBe(400)
    expect(error.type).toBe('invalid_request_error')
    expect(error.param).toBe(field)
    expect(error.message).toContain(`'${field}'`)
  })

  test('§ Headers: Content-Type must be application/json', async () => {
    const { status, error } = await post(client, URL, small({ input: 'x' }), { 'Content-Type': 'text/csv' })
    expect(status).toBe(415)
    expect(error.message).toContain('application/json')
  })

  test('§ Batch when you can: more than 2,048 inputs are refused', async () => {
    const { status, error } = await post(client, URL, small({ input: Array<string>(2049).fill('x') }))
    expect(status).toBe(400)
    expect(error.message).toMatch(/2048.*2049/)
  })

  test('§ Authentication: 401, 402 and 403 do not arise', async () => {
    for (const Authorization of ['', 'Bearer wrong', 'Basic eDp5']) {
      const headers = { 'Content-Type': 'application/json', Authorization }
      expect((await post(client, URL, {}, headers)).status).toBe(400)
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

    test('§ Example: the curl example as printed', async () => {
      const answer = await post(
        client,
        URL,
        `{
    "model": "text-embedding-3-small",
    "input": [
      "The quick brown fox",
      "jumps over the lazy dog"
    ]
  }`,
      )
      expectList(answer, 2)
      // Four and five words, twice [CLS] and [SEP]; the printed 8 are of another tokenizer.
      expect((answer.body as Record<string, unknown>)['usage']).toEqual({ prompt_tokens: 13, total_tokens: 13 })
    })

    test('§ Body: input as one string, strings, and token-id arrays', async () => {
      const [one] = expectList(await post(client, URL, small({ input: 'the lazy dog' })), 1)
      expect(expectList(await post(client, URL, small({ input: ['the lazy dog'] })), 1)).toEqual([one])
      // The ids of `the lazy dog` in the vocabulary of BERT uncased.
      expect(expectList(await post(client, URL, small({ input: [[1996, 13971, 3899]] })), 1)).toEqual([one])
    })

    test('§ Body: user, and safety_identifier as its alias', async () => {
      expectList(await post(client, URL, small({ input: 'x', user: 'u-1' })), 1)
      expectList(await post(client, URL, small({ input: 'x', safety_identifier: 'u-1' })), 1)
    })

    test('§ Body: model, an id from GET /v1/models; § Response: the model actually used', async () => {
      const { body } = await request(client, 'https://api.aivene.com/v1/models')
      const { data } = body as unknown as { data: { id: string }[] }
      const model = data.find(({ id }) => id === MODEL)?.id
      expect((await post(client, URL, { model, input: 'x' })).body['model']).toBe(MODEL)
      expect((await post(client, URL, small({ input: 'x' }))).body['model']).toBe(MODEL)
      const { status, error } = await post(client, URL, { model: 'absent', input: 'x' })
      expect(status).toBe(404)
      expect(error).toMatchObject({ type: 'invalid_request_error', code: 'model_not_found' })
    })

    test('§ Batch when you can: 2,048 inputs in one request', async () => {
      const input = Array.from({ length: 2048 }, (_, i) => [1000 + i])
      const rows = expectList(await post(client, URL, small({ input, dimensions: 64 })), 2048, 64)
      expect(new Set(rows.map((row) => row.join())).size).toBeGreaterThan(1900)
    })

    test('§ Resizing dimensions: as printed it is more than this model has; a smaller one is cut', async () => {
      const printed = `{
  "model": "text-embedding-3-large",
  "input": "hello world",
  "dimensions": 512
}`
      const { status, error } = await post(client, URL, printed)
      expect(status).toBe(400)
      expect(error).toMatchObject({ param: 'dimensions', code: 'invalid_value' })
      expectList(await post(client, URL, printed.replace('512', '128')), 1, 128)
    })

    test('§ Base64 encoding: decoded into a Float32Array it is the float answer', async () => {
      const [floats] = expectList(await post(client, URL, small({ input: 'hello world' })), 1)
      const { body } = await post(client, URL, small({ input: 'hello world', encoding_format: 'base64' }))
      const [entry] = (body as unknown as { data: { embedding: string }[] }).data
      const decoded = decodeBase64Embedding(entry!.embedding)
      expect(decoded).toBeInstanceOf(Float32Array)
      expect(Array.from(decoded)).toEqual(floats)
    })

    test('§ Errors: 429 rate_limit_error, with a Retry-After to respect', async () => {
      const narrow = newClient({ maxPendingInputs: 1 })
      try {
        const { status, error, headers } = await post(narrow, URL, small({ input: ['x', 'y'] }))
        expect(status).toBe(429)
        expect(error.type).toBe('rate_limit_error')
        expect(headers.get('retry-after')).toMatch(/^\d+$/)
      } finally {
        await narrow.close()
      }
    })

    test('§ Errors: 500 internal_server_error, for a model whose graph gives wrong vectors', async () => {
      const model = await changedModel(({ knownAnswer }) => ({
        knownAnswer: { ...knownAnswer, tokens: [101, 2047, 102] },
      }))
      const failing = newClient({ models: [model] })
      try {
        const { status, error } = await post(failing, URL, { model: MODEL, input: 'x' })
        expect([status, error.type]).toEqual([500, 'internal_server_error'])
      } finally {
        await failing.close()
      }
    })

    test('§ Errors: 502 and 503 upstream_error, for files that are wrong or cannot be had', async () => {
      const model = await changedModel(({ files }) => ({
        files: files.map((file) => ({ ...file, sha256: '0'.repeat(64) })),
      }))
      const corrupt = newClient({ models: [model], storage: 'memory' })
      const offline = newClient({ modelsUrl: 'http://localhost:1/' })
      try {
        const wrong = await post(corrupt, URL, { model: MODEL, input: 'x' })
        expect([wrong.status, wrong.error.type, wrong.error.code]).toEqual([
          502,
          'upstream_error',
          'integrity_error',
        ])
        expect(wrong.headers.get('x-should-retry')).toBe('false')
        const unreachable = await post(offline, URL, { model: MODEL, input: 'x' })
        expect([unreachable.status, unreachable.error.type]).toEqual([503, 'upstream_error'])
      } finally {
        await corrupt.close()
        await offline.close()
      }
    })
  })
}
