/** Apertis, "Embeddings API" (api-docs/000). Each case cites the section of the document that it holds. */

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { EmbeddingsClient } from '../../src/index.ts'
import {
  changedModel,
  expectList,
  floatsOf,
  hasModel,
  MODEL,
  newClient,
  post,
  request,
  tokensOf,
} from './endpoint.ts'

const URL = 'https://api.apertis.ai/v1/embeddings'
const FOOD = 'The food was delicious and the waiter was friendly.'

describe('without a model', () => {
  const client = newClient()

  test.each([
    ['model is missing', { input: FOOD }, 'model'],
    ['model is no string', { model: 3, input: FOOD }, 'model'],
    ['input is missing', { model: 'text-embedding-3-small' }, 'input'],
    ['input is neither string nor array', { model: 'text-embedding-3-small', input: { text: FOOD } }, 'input'],
  ])('§ Required Parameters: 400 when %s', async (_name, body, param) => {
    const { status, error } = await post(client, URL, body)
    expect(status).toBe(400)
    expect(error).toMatchObject({ type: 'invalid_request_error', param, code: 'invalid_type' })
    expect(error.message).toContain(`'${param}'`)
  })

  test.each([
    ['encoding_format', 'int8', 'invalid_value'],
    ['encoding_format', 1, 'invalid_type'],
    ['dimensions', 0, 'invalid_value'],
    ['dimensions', 1.5, 'invalid_value'],
    ['dimensions', '256', 'invalid_type'],
    ['user', 42, 'invalid_type'],
  ])('§ Optional Parameters: 400 for %s %j', async (param, value, code) => {
    const { status, error } = await post(client, URL, { model: 'm', input: FOOD, [param]: value })
    expect(status).toBe(400)
    expect(error).toMatchObject({ type: 'invalid_request_error', param, code })
  })

  test('§ HTTP Request: POST alone; another method and another path have their own status', async () => {
    expect((await request(client, URL)).status).toBe(405)
    expect((await post(client, 'https://api.apertis.ai/v1/embedding', {})).status).toBe(404)
  })

  test('§ Error Responses: a 400 is the same with and without a key', async () => {
    const anonymous = await post(client, URL, {}, { 'Content-Type': 'application/json' })
    const wrongKey = await post(
      client,
      URL,
      {},
      { 'Content-Type': 'application/json', Authorization: 'Bearer x' },
    )
    expect(anonymous.status).toBe(400)
    expect(wrongKey.error).toEqual(anonymous.error)
  })
})

if (hasModel) {
  describe('with a model', () => {
    let client: EmbeddingsClient

    beforeAll(() => {
      client = newClient()
    })
    afterAll(() => client.close())

    test('§ HTTP Request: the curl example as printed, § Response Format, 12 tokens as printed', async () => {
      const answer = await post(
        client,
        URL,
        `{
        "model": "text-embedding-3-small",
        "input": "The food was delicious and the waiter was friendly."
    }`,
      )
      expectList(answer, 1)
      // [CLS] the food was delicious and the waiter was friendly . [SEP]
      expect((answer.body as Record<string, unknown>)['usage']).toEqual({ prompt_tokens: 12, total_tokens: 12 })
    })

    test('§ Authentication: any key will do, and none', async () => {
      const body = { model: MODEL, input: FOOD }
      const json = { 'Content-Type': 'application/json' }
      const [keyed] = expectList(await post(client, URL, body, { ...json, Authorization: 'Bearer sk-any' }), 1)
      const [bare] = expectList(await post(client, URL, body, json), 1)
      expect(keyed).toEqual(bare)
    })

    test('§ JavaScript (OpenAI SDK): as printed, but for base URL, key and fetch', async () => {
      const { default: OpenAI } = await import('openai')
      const apertis = client
      const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
      {
        const client = new OpenAI({
          apiKey: 'local',
          baseURL: 'https://local.test/v1',
          fetch: apertis.fetch,
          dangerouslyAllowBrowser: true,
        })

        const response = await client.embeddings.create({
          model: 'text-embedding-3-small',
          input: 'The food was delicious and the waiter was friendly.',
        })

        console.log(response.data[0]!.embedding)

        const [expected] = expectList(await post(apertis, URL, { model: MODEL, input: FOOD }), 1)
        expect(printed.mock.calls.map(([vector]) => Array.from(vector as number[]))).toEqual([expected])
        printed.mockRestore()
      }
    })

    test('§ Multiple Inputs: one embedding each, in order', async () => {
      const input = [
        'The food was delicious.',
        'The service was excellent.',
        'I would recommend this restaurant.',
      ]
      const all = expectList(await post(client, URL, { model: 'text-embedding-3-small', input }), 3)
      const [last] = expectList(
        await post(client, URL, { model: 'text-embedding-3-small', input: input[2] }),
        1,
      )
      const dot = last!.reduce((sum, value, k) => sum + value * all[2]![k]!, 0)
      expect(dot).toBeGreaterThan(0.998)
    })

    test('§ With Dimensions Parameter: 256 dimensions, the first ones of the whole vector', async () => {
      const body = { model: 'text-embedding-3-large', input: FOOD }
      const [whole] = expectList(await post(client, URL, body), 1)
      const [short] = expectList(await post(client, URL, { ...body, dimensions: 256 }), 1, 256)
      const length = Math.hypot(...whole!.slice(0, 256))
      whole!.slice(0, 256).forEach((value, k) => {
        expect(short![k]).toBeCloseTo(value / length, 6)
      })
    })

    test('§ With All Parameters: accepted; the 512 dimensions as printed are more than this model has', async () => {
      const printed = {
        model: 'text-embedding-3-small',
        input: FOOD,
        encoding_format: 'float',
        dimensions: 512,
        user: 'user-123',
      }
      const refused = await post(client, URL, printed)
      expect(refused.status).toBe(400)
      expect(refused.error).toMatchObject({ code: 'invalid_value', param: 'dimensions' })
      expect(refused.error.message).toContain('384, 256, 128, 64')
      expectList(await post(client, URL, { ...printed, dimensions: 128 }), 1, 128)
    })

    test('§ Optional Parameters: dimensions on a model that has none to choose is refused', async () => {
      const onlyNativeWidth = await changedModel(({ recipe }) => ({ recipe: { ...recipe, dimensions: [384] } }))
      const fixed = newClient({ models: [onlyNativeWidth] })
      try {
        const { status, error } = await post(fixed, URL, { model: MODEL, input: FOOD, dimensions: 256 })
        expect(status).toBe(400)
        expect(error).toMatchObject({ code: 'unsupported_value', param: 'dimensions' })
      } finally {
        await fixed.close()
      }
    })

    test('§ Optional Parameters: base64 decodes to the same floats', async () => {
      const [floats] = expectList(await post(client, URL, { model: MODEL, input: FOOD }), 1)
      const { body } = await post(client, URL, { model: MODEL, input: FOOD, encoding_format: 'base64' })
      const [entry] = (body as unknown as { data: { embedding: string }[] }).data
      expect(floatsOf(entry!.embedding)).toEqual(floats)
    })

    test('§ Usage Object: tokens of all inputs together', async () => {
      const one = tokensOf(await post(client, URL, { model: MODEL, input: FOOD }))
      expect(tokensOf(await post(client, URL, { model: MODEL, input: [FOOD, FOOD] }))).toBe(2 * one)
    })

    test('§ Error Responses: 400 for an input that is too long, naming it', async () => {
      const { status, error } = await post(client, URL, { model: MODEL, input: [FOOD, 'word '.repeat(300)] })
      expect(status).toBe(400)
      expect(error).toMatchObject({ code: 'context_length_exceeded', param: 'input[1]' })
    })

    test('§ Error Responses: 429 when too much waits, with Retry-After', async () => {
      const small = newClient({ maxPendingInputs: 1 })
      try {
        const { status, error, headers } = await post(small, URL, { model: MODEL, input: [FOOD, FOOD] })
        expect(status).toBe(429)
        expect(error).toMatchObject({ type: 'rate_limit_error', code: 'queue_full' })
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
      } finally {
        await small.close()
      }
    })

    test('§ Error Responses: 503 when the model is not available', async () => {
      // Port 1 is closed to browsers: the request fails as it does offline.
      const offline = newClient({ modelsUrl: 'http://localhost:1/' })
      try {
        const { status, error } = await post(offline, URL, { model: MODEL, input: FOOD })
        expect(status).toBe(503)
        expect(error).toMatchObject({ type: 'upstream_error', code: 'model_unreachable' })
      } finally {
        await offline.close()
      }
    })

    test('§ Supported Models: a closed one without an alias is 404, naming the nearest local model', async () => {
      const plain = newClient({ aliases: {} })
      try {
        const { status, error } = await post(plain, URL, { model: 'text-embedding-3-small', input: FOOD })
        expect(status).toBe(404)
        expect(error).toMatchObject({ code: 'model_not_found', param: 'model' })
        expect(error.message).toContain(MODEL)
      } finally {
        await plain.close()
      }
    })

    test('§ Supported Models, § Related Topics (Models): listed, in the same shape as embeddings are', async () => {
      const { status, body } = await request(client, 'https://api.apertis.ai/v1/models')
      expect(status).toBe(200)
      const { object, data } = body as unknown as { object: string; data: { id: string }[] }
      expect(object).toBe('list')
      expect(data.map(({ id }) => id)).toContain(MODEL)
    })
  })
}
