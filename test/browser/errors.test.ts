/** Every error of the contract that a request or a model's files can cause, through the whole stack. */

import { afterAll, describe, expect, test } from 'vitest'
import { EmbeddingsClient, EmbeddingsError, type EmbeddingCreateParams } from '../../src/index.ts'
import { rejectedBy } from '../unit/thrown-by.ts'

const TINY = '/fixtures/tiny/'
const tiny = new EmbeddingsClient({
  modelsUrl: TINY,
  device: 'wasm',
  cpuRuntime: 'onnxruntime',
  workers: 1,
  storage: 'memory',
})
const shipped = new EmbeddingsClient({ modelsUrl: '/models/', device: 'wasm', workers: 1 })

afterAll(() => Promise.all([tiny.close(), shipped.close()]))

interface Wanted {
  code: string
  status: number
  type: string
  param?: string | null
  words?: (string | RegExp)[]
}

async function expectError(
  promise: Promise<unknown>,
  { code, status, type, param = null, words = [] }: Wanted,
) {
  const error = await rejectedBy(promise)
  expect(error).toBeInstanceOf(Error)
  expect({
    name: error.name,
    code: error.code,
    status: error.status,
    type: error.type,
    param: error.param,
  }).toEqual({
    name: 'EmbeddingsError',
    code,
    status,
    type,
    param,
  })
  expect(error.toJSON()).toEqual({ error: { message: error.message, type, param, code } })
  expect(JSON.parse(JSON.stringify(error))).toEqual(error.toJSON())
  for (const word of words) expect(error.message).toMatch(word)
}

const create = (client: EmbeddingsClient, model: string, body: Record<string, unknown> = {}) =>
  client.embeddings.create({ model, input: 'red', ...body } as EmbeddingCreateParams)

const BAD_REQUEST = { status: 400, type: 'invalid_request_error' }
const NOT_FOUND = { status: 404, type: 'invalid_request_error' }
const UPSTREAM = { status: 502, type: 'upstream_error' }

describe('the request', () => {
  test.each([
    ['invalid_type', { input: 5 }, 'input'],
    ['invalid_type', { input: ['red', 5] }, 'input[1]'],
    ['invalid_type', { model: undefined }, 'model'],
    ['invalid_value', { encoding_format: 'hex' }, 'encoding_format'],
    ['invalid_value', { dimensions: 0 }, 'dimensions'],
    ['empty_input', { input: [] }, 'input'],
    ['empty_input', { input: ['red', ''] }, 'input[1]'],
    ['empty_input', { input: [[5], []] }, 'input[1]'],
    ['array_above_max_length', { input: Array.from({ length: 2049 }, () => 'red') }, 'input'],
    ['string_above_max_length', { input: ['x'.repeat(10_485_761)] }, 'input[0]'],
    ['invalid_token', { input: [1, -1] }, 'input[1]'],
    ['invalid_token', { input: [[1], [1.5]] }, 'input[1][0]'],
    ['unknown_parameter', { inputs: 'red' }, 'inputs'],
  ])('%s %#', async (code, body, param) => {
    await expectError(create(tiny, 'tiny-mean', body), {
      ...BAD_REQUEST,
      code,
      param,
      words: [param],
    })
  })

  test('context_length_exceeded names the item, the limit and what came', async () => {
    const input = ['red', 'red '.repeat(15)]
    await expectError(create(tiny, 'tiny-mean', { input }), {
      ...BAD_REQUEST,
      code: 'context_length_exceeded',
      param: 'input[1]',
      words: [/\b16\b/, /input\[1\]/, /\b17\b/],
    })
  })

  test('context_length_exceeded counts token arrays too', async () => {
    const input = [[5], Array.from({ length: 15 }, () => 5)]
    await expectError(create(tiny, 'tiny-mean', { input }), {
      ...BAD_REQUEST,
      code: 'context_length_exceeded',
      param: 'input[1]',
      words: [/\b17\b/],
    })
  })

  test('a token outside the vocabulary', async () => {
    await expectError(create(tiny, 'tiny-mean', { input: [[5], [5, 16]] }), {
      ...BAD_REQUEST,
      code: 'invalid_token',
      param: 'input[1][1]',
      words: [/\b16\b/, /\b15\b/],
    })
  })

  test('dimensions that the model does not have', async () => {
    await expectError(create(shipped, 'all-MiniLM-L6-v2', { dimensions: 100 }), {
      ...BAD_REQUEST,
      code: 'invalid_value',
      param: 'dimensions',
      words: ['384, 256, 128, 64', /\b100\b/],
    })
  })

  test('dimensions on a model that has none', async () => {
    await expectError(create(tiny, 'tiny-native-only', { dimensions: 4 }), {
      ...BAD_REQUEST,
      code: 'unsupported_value',
      param: 'dimensions',
      words: [/\b8\b/, /\b4\b/],
    })
  })

  test('the tests above asked for nothing that the model refuses by itself', async () => {
    expect((await create(tiny, 'tiny-mean', { dimensions: 4 })).data[0]?.embedding).toHaveLength(4)
    expect((await create(tiny, 'tiny-native-only')).data[0]?.embedding).toHaveLength(8)
  })
})

describe('the model', () => {
  test.each([
    'no-such-model',
    'org/no-such-model',
    '../fixtures/tiny/tiny-mean',
    'a/b/c',
    'https://example.org/x',
  ])('%s: model_not_found', async (model) => {
    await expectError(create(tiny, model), {
      ...NOT_FOUND,
      code: 'model_not_found',
      param: 'model',
      words: ['all-MiniLM-L6-v2'],
    })
  })

  test.each([
    ['missing-graph', 'model_file_not_found', NOT_FOUND, [/missing-graph\/onnx\/model\.onnx/, '404']],
    ['html-graph', 'model_file_not_found', NOT_FOUND, [/html-graph\/onnx\/model\.html/, 'HTML']],
    ['flipped-byte', 'integrity_error', UPSTREAM, [/flipped-byte\/onnx\/model\.onnx/, 'SHA-256']],
    ['truncated', 'integrity_error', UPSTREAM, [/1105 bytes; the manifest says 1205/]],
    ['garbage-graph', 'bad_model_file', UPSTREAM, [/model file cannot be read/]],
    ['wrong-input', 'bad_model_file', UPSTREAM, ['pixel_values']],
    ['wrong-output', 'bad_model_file', UPSTREAM, ['last_hidden_state', 'pooler_output']],
    ['wrong-width', 'bad_model_file', UPSTREAM, [/, 8\]/, /, 16\]/]],
    ['wrong-tokenizer', 'bad_model_file', UPSTREAM, ['tokenizer.json']],
    ['tokenizer-not-json', 'bad_model_file', UPSTREAM, [/tokenizer\.json is not JSON/]],
    ['manifest-not-json', 'bad_model_file', UPSTREAM, [/manifest\.json is not JSON/]],
    ['manifest-of-another', 'bad_model_file', UPSTREAM, ['tiny-mean', 'manifest-of-another']],
    ['manifest-bad-field', 'bad_model_file', UPSTREAM, ['recipe.pooling', 'max']],
    [
      'wrong-vectors',
      'invalid_output',
      { status: 500, type: 'internal_server_error' },
      [/known-answer cosine/],
    ],
  ])('%s: %s, and status says so', async (model, code, kind, words) => {
    await expectError(create(tiny, model), { ...kind, code, words })
    expect(await tiny.models.status(model)).toMatchObject({
      id: model,
      state: 'failed',
      error: { code, type: kind.type },
    })
  })

  test('a model that failed is tried afresh by the next call, with the same answer', async () => {
    for (let attempt = 0; attempt < 2; attempt++) {
      await expectError(tiny.models.load('flipped-byte'), { ...UPSTREAM, code: 'integrity_error' })
    }
  })

  test('no server: model_unreachable, and status says so', async () => {
    const client = new EmbeddingsClient({ modelsUrl: 'http://127.0.0.1:9/', device: 'wasm', storage: 'memory' })
    const wanted = { status: 503, type: 'upstream_error', code: 'model_unreachable', words: ['127.0.0.1:9'] }
    await expectError(create(client, 'tiny-mean'), wanted)
    expect(await client.models.status('tiny-mean')).toMatchObject({
      state: 'failed',
      error: { code: 'model_unreachable' },
    })
    await client.close()
  })

  test('runtime files that are not there: model_unreachable, pointing at runtimeUrl', async () => {
    const client = new EmbeddingsClient({
      modelsUrl: TINY,
      runtimeUrl: '/fixtures/none/',
      device: 'wasm',
      storage: 'memory',
    })
    await expectError(create(client, 'tiny-mean'), {
      status: 503,
      type: 'upstream_error',
      code: 'model_unreachable',
      words: ['runtimeUrl'],
    })
    await client.close()
  })

  test('a wrong recipe of the page: bad_model_file naming the field', async () => {
    const client = new EmbeddingsClient({
      modelsUrl: TINY,
      models: [{ format: 1, id: 'x' }],
      storage: 'memory',
    })
    await expectError(create(client, 'x'), {
      ...UPSTREAM,
      code: 'bad_model_file',
      words: ['recipe must be an object'],
    })
    await client.close()
  })
})

test('WebGPU asked for where there is no adapter: unsupported_environment with the reason', async () => {
  const client = new EmbeddingsClient({ modelsUrl: '/models/', device: 'webgpu' })
  await expectError(create(client, 'all-MiniLM-L6-v2'), {
    ...BAD_REQUEST,
    code: 'unsupported_environment',
    words: ['webgpu: no adapter'],
  })
  await client.close()
})

test('a wrong option is refused by the constructor', () => {
  expect(() => new EmbeddingsClient({ threads: 0 })).toThrow(EmbeddingsError)
})
