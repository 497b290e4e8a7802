/** What is asked of a server that offers a plain folder of models, and what comes of the answers. */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseManifest } from '../../../src/models/manifest.ts'
import { MemoryStore } from '../../../src/models/memory-store.ts'
import { ModelRepository, type RepositoryOptions } from '../../../src/models/repository.ts'
import type { ModelRecipe } from '../../../src/models/recipe.ts'
import { rejectedBy } from '../thrown-by.ts'

const minilm = new URL('../../fixtures/hub/minilm-files/', import.meta.url)
const DESCRIPTION = [
  'config.json',
  'modules.json',
  '1_Pooling/config.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  'tokenizer_config.json',
]

/** By path under the server's root. */
const files = new Map<string, Buffer>()
let requests: string[] = []
let server: Server
let modelsUrl = ''
const signal = new AbortController().signal

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1)
    requests.push(path)
    const body = files.get(path)
    response.writeHead(body === undefined ? 404 : 200).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  modelsUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})
beforeEach(() => {
  files.clear()
  requests = []
})

const put = (...paths: string[]): void => {
  for (const path of paths) files.set(path, Buffer.from('x'))
}
const describeModel = (folder: string): void => {
  for (const path of DESCRIPTION) files.set(`${folder}/${path}`, readFileSync(new URL(path, minilm)))
}
const repository = (options: Partial<RepositoryOptions> = {}, store = new MemoryStore()): ModelRepository =>
  new ModelRepository(
    { modelsUrl, recipes: [], aliases: {}, ...options },
    // Any store but `memory` is one that outlasts the visit.
    { store, kind: 'cache', reason: null },
  )
const graphs = ({ variants }: ModelRecipe): string[] => variants.map(({ device, dtype }) => `${device} ${dtype}`)
const asked = (folder: string): string[] =>
  requests.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length))

describe('a model of the catalogue', () => {
  const folder = 'Xenova/all-MiniLM-L6-v2/'

  test('costs two looks for a manifest and one for its graph, where nothing but the CPU is wanted', async () => {
    put(`${folder}onnx/model_quantized.onnx`, `${folder}onnx/model.onnx`)
    const recipe = await repository().resolve('all-MiniLM-L6-v2', signal)
    expect(recipe).toMatchObject({ id: 'all-MiniLM-L6-v2', path: 'Xenova/all-MiniLM-L6-v2', revision: 'main', maxTokens: 256 })
    expect(graphs(recipe)).toEqual(['wasm q8'])
    expect(requests).toEqual([
      'all-MiniLM-L6-v2/manifest.json',
      `${folder}manifest.json`,
      `${folder}onnx/model_quantized.onnx`,
      `${folder}onnx/model_quantized.onnx_data`,
    ])
    // What the catalogue knows of the hub's files says nothing of a folder's.
    expect(recipe.files).toEqual([])
  })

  test('takes the next best graph for the CPU', async () => {
    put(`${folder}onnx/model.onnx`)
    expect(graphs(await repository().resolve('all-MiniLM-L6-v2', signal))).toEqual(['webgpu fp32', 'wasm fp32'])
  })

  test('for a GPU too: the two best graphs, and the small ones only without them', async () => {
    const devices = ['webgpu', 'wasm'] as const
    put(`${folder}onnx/model_quantized.onnx`, `${folder}onnx/model_fp16.onnx`, `${folder}onnx/model_q4f16.onnx`)
    expect(graphs(await repository({ devices }).resolve('all-MiniLM-L6-v2', signal))).toEqual([
      'webgpu fp16',
      'wasm q8',
      'wasm fp16',
    ])
    expect(asked(folder)).not.toContain('onnx/model_q4f16.onnx')
    files.delete(`${folder}onnx/model_fp16.onnx`)
    expect(graphs(await repository({ devices }).resolve('all-MiniLM-L6-v2', signal))).toEqual(['webgpu q4f16', 'wasm q8'])
  })

  test('may lie under its own name', async () => {
    put('all-MiniLM-L6-v2/onnx/model_quantized.onnx')
    const recipe = await repository().resolve('all-MiniLM-L6-v2', signal)
    expect(recipe).toMatchObject({ path: 'all-MiniLM-L6-v2', pooling: 'mean' })
  })

  test('without any graph: model_file_not_found, naming those tried', async () => {
    expect(await rejectedBy(repository().resolve('all-MiniLM-L6-v2', signal))).toMatchObject({
      code: 'model_file_not_found',
      message:
        'The folder of all-MiniLM-L6-v2 has no graph; tried: onnx/model_quantized.onnx, onnx/model_int8.onnx, ' +
        'onnx/model_uint8.onnx, onnx/model.onnx, onnx/model_q4.onnx, onnx/model_fp16.onnx.',
    })
  })
})

describe('a model by its own files', () => {
  test('has the graph that is there, with all parts of its weights', async () => {
    describeModel('own')
    put('own/onnx/model.onnx', 'own/onnx/model.onnx_data', 'own/onnx/model.onnx_data_1')
    const recipe = await repository().resolve('own', signal)
    expect(recipe).toMatchObject({ id: 'own', dimensions: [384], maxTokens: 256, pooling: 'mean' })
    expect(recipe.variants).toMatchObject([
      { device: 'webgpu', dtype: 'fp32' },
      { device: 'wasm', externalData: ['onnx/model.onnx_data', 'onnx/model.onnx_data_1'] },
    ])
    expect(asked('own/onnx/')).toContain('model.onnx_data_2')
  })

  test('of a kind that overflows 16-bit floats has no such graph', async () => {
    describeModel('gemma')
    const config = JSON.parse(String(files.get('gemma/config.json'))) as object
    files.set('gemma/config.json', Buffer.from(JSON.stringify({ ...config, model_type: 'gemma3_text' })))
    put('gemma/onnx/model_fp16.onnx', 'gemma/onnx/model.onnx')
    const recipe = await repository({ devices: ['webgpu', 'wasm'] }).resolve('gemma', signal)
    expect(graphs(recipe)).toEqual(['webgpu fp32', 'wasm fp32'])
  })

  test('without config.json there is no model', async () => {
    expect(await rejectedBy(repository().resolve('nothing', signal))).toMatchObject({ code: 'model_not_found' })
  })
})

describe('the option dtype', () => {
  test('asks for one graph alone, and gives it to either device', async () => {
    describeModel('own')
    put('own/onnx/model_q4.onnx', 'own/onnx/model_quantized.onnx')
    const recipe = await repository({ dtype: 'q4', devices: ['webgpu', 'wasm'] }).resolve('own', signal)
    expect(graphs(recipe)).toEqual(['webgpu q4', 'wasm q4'])
    expect(asked('own/onnx/')).toEqual(['model_q4.onnx', 'model_q4.onnx_data'])
  })

  test('that the folder lacks: invalid_value, naming the file', async () => {
    describeModel('own')
    put('own/onnx/model_quantized.onnx')
    expect(await rejectedBy(repository({ dtype: 'fp16' }).resolve('own', signal))).toMatchObject({
      code: 'invalid_value',
      status: 400,
      param: 'dtype',
      message: "The model own has no graph for the option dtype: 'fp16'; its folder lacks onnx/model_fp16.onnx.",
    })
  })

  test('that a manifest does not have: invalid_value, naming those that it has', async () => {
    files.set('tiny/manifest.json', manifest('tiny'))
    expect(graphs(await repository({ dtype: 'fp32' }).resolve('tiny', signal))).toEqual(['wasm fp32'])
    expect(await rejectedBy(repository({ dtype: 'q8' }).resolve('tiny', signal))).toMatchObject({
      code: 'invalid_value',
      message: "The model tiny has no graph for the option dtype: 'q8'; it offers fp32.",
    })
  })
})

/** A manifest of a model with one graph. */
function manifest(id: string, revision = 'r1'): Buffer {
  const record = (path: string) => ({ path, bytes: 1, sha256: '0'.repeat(64) })
  return Buffer.from(
    JSON.stringify({
      format: 1,
      id,
      revision,
      recipe: { dimensions: [8], maxTokens: 16, pooling: 'mean', vocabSize: 10, padTokenId: 0, prompts: {} },
      variants: [{ device: 'wasm', dtype: 'fp32', file: 'onnx/model.onnx', disabledOptimizers: [] }],
      files: ['tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'].map(record),
    }),
  )
}

describe('a manifest', () => {
  test('beside a model of the catalogue is found under either name, and makes it known as it was asked for', async () => {
    files.set('Xenova/e5-small-v2/manifest.json', manifest('Xenova/e5-small-v2'))
    const recipe = await repository().resolve('e5-small-v2', signal)
    expect(recipe).toMatchObject({ id: 'e5-small-v2', path: 'Xenova/e5-small-v2', revision: 'r1', dimensions: [8] })
  })

  test('of another model is refused', async () => {
    files.set('tiny/manifest.json', manifest('other'))
    expect(await rejectedBy(repository().resolve('tiny', signal))).toMatchObject({
      code: 'bad_model_file',
      message: 'tiny/manifest.json is the manifest of other, not of tiny.',
    })
  })

  test('once stored is not asked for again, until it is renewed because it has changed', async () => {
    const store = new MemoryStore()
    const revision = async (): Promise<string> => (await repository({}, store).resolve('tiny', signal)).revision
    files.set('tiny/manifest.json', manifest('tiny', 'r1'))
    expect(await revision()).toBe('r1')
    files.set('tiny/manifest.json', manifest('tiny', 'r2'))
    requests = []
    expect([await revision(), requests]).toEqual(['r1', []])

    expect(await repository({}, store).renew('tiny', signal)).toBe(true)
    expect(await revision()).toBe('r2')
    expect(await repository({}, store).renew('tiny', signal)).toBe(false)
    files.delete('tiny/manifest.json')
    expect(await repository({}, store).renew('tiny', signal)).toBe(false)
    expect(await revision()).toBe('r2')
  })
})

describe('a model that is stored', () => {
  const read = async (models: ModelRepository, recipe: ModelRecipe, paths: string[]): Promise<void> => {
    for (const path of paths) await models.readFile(recipe, path, { signal, onProgress: () => undefined })
  }

  test('is the same again without a request, though the folder has other graphs', async () => {
    const store = new MemoryStore()
    describeModel('own')
    files.set('own/onnx/model_quantized.onnx', readFileSync(new URL('../../fixtures/tiny/tiny-mean/onnx/model.onnx', import.meta.url)))
    put('own/onnx/model_fp16.onnx')
    const models = repository({}, store)
    const first = await models.resolve('own', signal)
    await read(models, first, ['onnx/model_quantized.onnx'])
    requests = []
    expect(await repository({ devices: ['webgpu', 'wasm'] }, store).resolve('own', signal)).toEqual(first)
    expect(requests).toEqual([])
  })

  test('only in part, for a recipe that the page gave once, is described by its folder', async () => {
    const store = new MemoryStore()
    const graph = readFileSync(new URL('../../fixtures/tiny/tiny-mean/onnx/model.onnx', import.meta.url))
    for (const id of ['own', 'tiny']) files.set(`${id}/onnx/model.onnx`, graph)
    describeModel('own')
    files.set('tiny/manifest.json', manifest('tiny'))
    const models = repository({}, store)
    for (const id of ['own', 'tiny']) {
      await read(models, { ...parseManifest(JSON.parse(String(manifest(id)))), revision: 'main', files: [] }, ['onnx/model.onnx'])
    }
    expect(await models.resolve('tiny', signal)).toMatchObject({ revision: 'r1', dimensions: [8] })
    expect(await models.resolve('own', signal)).toMatchObject({ dimensions: [384], pooling: 'mean' })
    expect(await rejectedBy(models.resolve('gone', signal))).toMatchObject({ code: 'model_not_found' })
    expect(requests.filter((path) => path === 'gone/config.json')).toHaveLength(1)
  })
})
