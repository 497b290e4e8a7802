/** Options are checked when the client is made, before anything starts. `document` is the page's; Node has none. */

import { beforeAll, describe, expect, test, vi } from 'vitest'
import { readTimeout, toServiceConfig, type EmbeddingsClientOptions } from '../../../src/client/options.ts'
import { thrownBy } from '../thrown-by.ts'

beforeAll(() => {
  vi.stubGlobal('document', { baseURI: 'https://app.example/page/index.html' })
})

const config = (options: EmbeddingsClientOptions) => toServiceConfig(options, null)

test('defaults', () => {
  expect(toServiceConfig({}, 'lock')).toEqual({
    modelsUrl: null,
    runtimeUrl: null,
    device: 'auto',
    cpuRuntime: 'auto',
    dtype: null,
    threads: null,
    workers: 'auto',
    models: [],
    aliases: {},
    storage: 'auto',
    cache: null,
    maxPendingInputs: 16_384,
    livenessLock: 'lock',
  })
})

test.each([
  ['/models/', 'https://app.example/models/'],
  ['models', 'https://app.example/page/models/'],
  ['./models?x=1#y', 'https://app.example/page/models/'],
  ['https://cdn.example/m', 'https://cdn.example/m/'],
  [new URL('https://cdn.example/m/'), 'https://cdn.example/m/'],
])('modelsUrl %s is a directory, relative to the page', (given, expected) => {
  expect(config({ modelsUrl: given }).modelsUrl).toBe(expected)
  expect(config({ runtimeUrl: given }).runtimeUrl).toBe(expected)
})

test('dtype is a name, of which the models say whether they have it', () => {
  expect([config({ dtype: 'q8' }).dtype, config({ dtype: 'auto' }).dtype]).toEqual(['q8', null])
  for (const dtype of ['', 'q 8', '../x', 8, {}]) {
    expect(() => config({ dtype: dtype as string }), JSON.stringify(dtype)).toThrow(
      expect.objectContaining({ code: 'invalid_value', param: 'dtype' }),
    )
  }
})

describe('a wrong option is refused by name', () => {
  test.each([
    [{ modelsUrl: 'https://' }, 'modelsUrl'],
    [{ modelsUrl: 5 }, 'modelsUrl'],
    [{ runtimeUrl: null }, 'runtimeUrl'],
    [{ device: 'gpu' }, 'device'],
    [{ cpuRuntime: 'simd' }, 'cpuRuntime'],
    [{ threads: 0 }, 'threads'],
    [{ threads: 1.5 }, 'threads'],
    [{ threads: 65 }, 'threads'],
    [{ workers: 0 }, 'workers'],
    [{ workers: 'many' }, 'workers'],
    [{ aliases: { other: '' } }, 'aliases.other'],
    [{ aliases: { other: 5 } }, 'aliases.other'],
    [{ storage: 'disk' }, 'storage'],
    [{ storage: { get: () => null } }, 'storage.put'],
    [{ storage: { get: 1 } }, 'storage.get'],
    [{ maxPendingInputs: 0 }, 'maxPendingInputs'],
    [{ maxPendingInputs: Number.NaN }, 'maxPendingInputs'],
  ])('%o', (options, param) => {
    const error = thrownBy(() => config(options as EmbeddingsClientOptions))
    expect(error).toMatchObject({ code: 'invalid_value', status: 400, param })
    expect(error.message).toContain(param)
  })

  test.each([0, -1, 1.5, Number.NaN, Infinity, 2 ** 31, '5', null])('a timeout of %s', (timeout) => {
    expect(thrownBy(() => readTimeout(timeout))).toMatchObject({ code: 'invalid_value', param: 'timeout' })
  })
})
