/** The official `openai` package, unchanged, against `client.fetch`. */

import OpenAI7 from 'openai'
import OpenAI6 from 'openai-6'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EmbeddingsClient } from '../../src/index.ts'
import { until } from './until.ts'
import { SteeredInference, steeredService } from './steered-inference.ts'

const MODEL = 'all-MiniLM-L6-v2'
const TEXT = 'The food was delicious and the waiter was friendly.'
const inference = new SteeredInference()
let client: EmbeddingsClient
let direct: number[]

beforeAll(async () => {
  client = new EmbeddingsClient({
    modelsUrl: '/models/',
    device: 'wasm',
    workers: 1,
    aliases: { 'text-embedding-3-small': MODEL },
    maxPendingInputs: 8,
    createWorker: steeredService,
  })
  const { data } = await client.embeddings.create({ model: MODEL, input: TEXT })
  direct = data[0]!.embedding
})

afterAll(() => client.close())

describe.each([
  // The two classes have the same shape; the older one's type is written down for both.
  ['6.49', OpenAI6],
  ['7.x', OpenAI7 as unknown as typeof OpenAI6],
])('openai %s', (_version, OpenAI) => {
  /** Every call that the SDK made, retries included. */
  const calls: { url: string; status: number }[] = []
  const counting: typeof fetch = async (input, init) => {
    const call = { url: input instanceof Request ? input.url : input.toString(), status: 0 }
    calls.push(call)
    const response = await client.fetch(input, init)
    call.status = response.status
    return response
  }
  const openai = new OpenAI({
    apiKey: 'local',
    baseURL: 'https://local.test/v1',
    fetch: counting,
    dangerouslyAllowBrowser: true,
  })

  beforeEach(() => {
    calls.length = 0
  })

  async function errorOf(work: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
    const error: unknown = await work.then(
      () => null,
      (reason: unknown) => reason,
    )
    if (error instanceof OpenAI.APIError) return error
    throw new Error('no APIError', { cause: error })
  }

  test('takes client.fetch itself, unbound', async () => {
    const unbound = new OpenAI({
      apiKey: 'local',
      baseURL: 'https://local.test/v1',
      fetch: client.fetch,
      dangerouslyAllowBrowser: true,
    })
    const { data } = await unbound.embeddings.create({ model: MODEL, input: TEXT })
    expect(data[0]?.embedding).toEqual(direct)
  })

  test('decodes the base64 that it asks for by default to the same floats', async () => {
    const response = await openai.embeddings.create({ model: MODEL, input: [TEXT, 'other'] })
    expect(Array.from(response.data[0]!.embedding)).toEqual(direct)
    expect(response.data.map(({ index }) => index)).toEqual([0, 1])
    expect(response).toMatchObject({ object: 'list', model: MODEL })
    expect(response.usage.total_tokens).toBe(response.usage.prompt_tokens)
    expect(calls).toEqual([{ url: 'https://local.test/v1/embeddings', status: 200 }])
  })

  test('passes encoding_format, dimensions and user on', async () => {
    const ask = { model: MODEL, input: TEXT, dimensions: 64, user: 'user-123' }
    const floats = await openai.embeddings.create({ ...ask, encoding_format: 'float' })
    const base64 = await openai.embeddings.create({ ...ask, encoding_format: 'base64' })
    expect(floats.data[0]?.embedding).toHaveLength(64)
    expect(Math.hypot(...floats.data[0]!.embedding)).toBeCloseTo(1, 6)
    expect(base64.data[0]?.embedding).toEqual(expect.any(String))
  })

  test('runs a closed model by its alias and says what ran', async () => {
    const { data, model } = await openai.embeddings.create({ model: 'text-embedding-3-small', input: TEXT })
    expect(model).toBe(MODEL)
    expect(Array.from(data[0]!.embedding)).toEqual(direct)
  })

  test('gives the request id and the raw response', async () => {
    const { data, response, request_id } = await openai.embeddings
      .create({ model: MODEL, input: TEXT })
      .withResponse()
    expect(request_id).toMatch(/^req_[0-9a-f]{32}$/)
    expect(response.status).toBe(200)
    expect(data.data).toHaveLength(1)
  })

  test('lists models, page by page, and retrieves one', async () => {
    const ids: string[] = []
    for await (const model of openai.models.list()) ids.push(model.id)
    expect(ids).toContain(MODEL)
    expect(await openai.models.retrieve(MODEL)).toMatchObject({ id: MODEL, object: 'model' })
    expect(calls.map(({ url }) => url)).toEqual([
      'https://local.test/v1/models',
      `https://local.test/v1/models/${MODEL}`,
    ])
  })

  test('throws BadRequestError with status, code and param, without a retry', async () => {
    const error = await errorOf(openai.embeddings.create({ model: MODEL, input: ['fine', ''] }))
    expect(error).toBeInstanceOf(OpenAI.BadRequestError)
    expect(error).toMatchObject({
      status: 400,
      code: 'empty_input',
      param: 'input[1]',
      type: 'invalid_request_error',
      requestID: expect.stringMatching(/^req_/),
    })
    expect(calls).toHaveLength(1)
  })

  test('throws NotFoundError for an unknown model, without a retry', async () => {
    const work = [
      () => openai.embeddings.create({ model: 'gpt-4', input: TEXT }),
      () => openai.models.retrieve('gpt-4'),
    ]
    for (const ask of work) {
      const error = await errorOf(ask())
      expect(error).toBeInstanceOf(OpenAI.NotFoundError)
      expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
    }
    expect(calls).toHaveLength(2)
  })

  test('throws NotFoundError for what is not there, such as chat', async () => {
    const error = await errorOf(openai.chat.completions.create({ model: MODEL, messages: [] }))
    expect(error).toBeInstanceOf(OpenAI.NotFoundError)
    expect(error).toMatchObject({ status: 404, code: 'unknown_url' })
  })

  test('throws InternalServerError once where a retry cannot help', async () => {
    const closed = new EmbeddingsClient({ modelsUrl: '/models/' })
    await closed.close()
    let asked = 0
    const broken = openai.withOptions({
      fetch: (input, init) => {
        asked++
        return closed.fetch(input, init)
      },
    })
    const error = await errorOf(broken.embeddings.create({ model: MODEL, input: TEXT }))
    expect(error).toBeInstanceOf(OpenAI.InternalServerError)
    expect(error).toMatchObject({ status: 503, code: 'worker_terminated' })
    expect(asked).toBe(1)
  })

  test('throws RateLimitError on a full queue, and gets through by its own retry', async () => {
    const input = Array.from({ length: 8 }, (_, i) => `text ${String(i)}`)
    await inference.shut()
    const running = client.embeddings.create({ model: MODEL, input })
    const refused = await errorOf(openai.embeddings.create({ model: MODEL, input: TEXT }, { maxRetries: 0 }))
    expect(refused).toBeInstanceOf(OpenAI.RateLimitError)
    expect(refused).toMatchObject({ status: 429, code: 'queue_full', type: 'rate_limit_error' })
    const retried = openai.embeddings.create({ model: MODEL, input: TEXT })
    // Its first try is refused before there is room.
    await until(() => calls.filter(({ status }) => status === 429).length >= 2)
    inference.open()
    await running
    const { data } = await retried
    expect(data).toHaveLength(1)
    expect(calls.at(-1)?.status).toBe(200)
  })

  test('throws APIUserAbortError on abort, without a retry', async () => {
    const controller = new AbortController()
    const input = Array.from({ length: 8 }, (_, index) => `${String(index)} ${'a long text '.repeat(60)}`)
    await inference.shut()
    const pending = openai.embeddings.create({ model: MODEL, input }, { signal: controller.signal })
    await inference.batch()
    controller.abort()
    expect(await errorOf(pending)).toBeInstanceOf(OpenAI.APIUserAbortError)
    expect(calls).toHaveLength(1)
    inference.open()
    expect((await openai.embeddings.create({ model: MODEL, input: TEXT })).data).toHaveLength(1)
  })
})
