import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseManifest } from '../../../src/models/manifest.ts'
import { thrownBy } from '../thrown-by.ts'

const text = readFileSync(new URL('../../../models/all-MiniLM-L6-v2/manifest.json', import.meta.url), 'utf8')

type Json = Record<string, unknown>

/** A fresh copy of the shipped manifest with one field replaced; `undefined` removes it. */
function changed(path: string, value: unknown): unknown {
  const manifest = JSON.parse(text) as Json
  const keys = path.split('.')
  const last = keys.pop() ?? ''
  let parent = manifest
  for (const key of keys) parent = parent[key] as Json
  // Not an assignment: `__proto__` has to become an own field, as JSON.parse makes it.
  if (value === undefined) Reflect.deleteProperty(parent, last)
  else Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true })
  return manifest
}

test('the shipped manifest is read', () => {
  const recipe = parseManifest(JSON.parse(text))
  expect(recipe).toMatchObject({
    id: 'all-MiniLM-L6-v2',
    path: 'all-MiniLM-L6-v2',
    ownedBy: 'sentence-transformers',
    dimensions: [384, 256, 128, 64],
    maxTokens: 256,
    pooling: 'mean',
    vocabSize: 30_522,
    padTokenId: 0,
    paddingSide: 'right',
    prompts: {},
  })
  expect(recipe.variants.map(({ device, pooled }) => [device, pooled])).toEqual([
    ['wasm', true],
    ['webgpu', true],
  ])
  expect(recipe.knownAnswer?.embedding).toHaveLength(384)
  expect(Math.hypot(...(recipe.knownAnswer?.embedding ?? []))).toBeCloseTo(1, 5)
})

describe('a wrong field is refused by name', () => {
  test.each([
    ['format', 2, 'format'],
    ['format', undefined, 'format'],
    ['id', '../secret', 'id'],
    ['id', 'a/b/c', 'id'],
    ['id', '', 'id'],
    ['id', 7, 'id'],
    ['revision', '', 'revision'],
    ['revision', undefined, 'revision'],
    ['created', -1, 'created'],
    ['created', '2024', 'created'],
    ['origin', 5, 'origin'],
    ['recipe', undefined, 'recipe'],
    ['recipe', [], 'recipe'],
    ['recipe.dimensions', undefined, 'recipe.dimensions'],
    ['recipe.dimensions', [], 'recipe.dimensions'],
    ['recipe.dimensions', [128, 384], 'recipe.dimensions'],
    ['recipe.dimensions', [384, 0], 'recipe.dimensions[1]'],
    ['recipe.dimensions', [384.5], 'recipe.dimensions[0]'],
    ['recipe.maxTokens', 0, 'recipe.maxTokens'],
    ['recipe.maxTokens', '256', 'recipe.maxTokens'],
    ['recipe.pooling', 'max', 'recipe.pooling'],
    ['recipe.vocabSize', 0, 'recipe.vocabSize'],
    ['recipe.vocabSize', 2 ** 40, 'recipe.vocabSize'],
    ['recipe.padTokenId', 30_522, 'recipe.padTokenId'],
    ['recipe.padTokenId', -1, 'recipe.padTokenId'],
    ['recipe.prompts', 'query: ', 'recipe.prompts'],
    ['recipe.prompts', { query: 1 }, 'recipe.prompts.query'],
    ['variants', [], 'variants'],
    ['variants', {}, 'variants'],
    ['variants.0', null, 'variants[0]'],
    ['variants.0.device', 'cuda', 'variants[0].device'],
    ['variants.0.dtype', '', 'variants[0].dtype'],
    ['variants.0.file', '../../other/model.onnx', 'variants[0].file'],
    ['variants.0.file', '/etc/passwd', 'variants[0].file'],
    ['variants.0.file', 'onnx/%2e%2e/x', 'variants[0].file'],
    ['variants.0.file', 'onnx\\..\\x', 'variants[0].file'],
    ['variants.0.file', 'https://example.org/x', 'variants[0].file'],
    ['variants.0.output', 1, 'variants[0].output'],
    ['variants.0.pooled', 'yes', 'variants[0].pooled'],
    ['variants.0.externalData', 'onnx/model.onnx_data', 'variants[0].externalData'],
    ['variants.0.externalData', ['../model.onnx_data'], 'variants[0].externalData[0]'],
    ['variants.0.externalData', ['onnx/model.onnx_data'], 'files lacks onnx/model.onnx_data'],
    ['recipe.paddingSide', 'both', 'recipe.paddingSide'],
    ['variants.0.disabledOptimizers', undefined, 'variants[0].disabledOptimizers'],
    ['variants.0.disabledOptimizers', ['a;b'], 'variants[0].disabledOptimizers[0]'],
    ['knownAnswer.text', '', 'knownAnswer.text'],
    ['knownAnswer.tokens', [30_522], 'knownAnswer.tokens[0]'],
    ['knownAnswer.tokens', 'ids', 'knownAnswer.tokens'],
    ['knownAnswer.embedding', 'not base64!', 'knownAnswer.embedding'],
    ['knownAnswer.embedding', 'AAAA', 'knownAnswer.embedding'],
    ['files', {}, 'files'],
    ['files.1.path', '..', 'files[1].path'],
    ['files.1.path', './tokenizer.json', 'files[1].path'],
    ['files.1.bytes', -5, 'files[1].bytes'],
    ['files.1.bytes', 2 ** 40, 'files[1].bytes'],
    ['files.1.sha256', 'ABC', 'files[1].sha256'],
    ['files.1.path', 'renamed.json', 'files lacks tokenizer.json'],
    ['variants.0.file', 'onnx/unlisted.onnx', 'files lacks onnx/unlisted.onnx'],
  ])('%s = %j', (path, value, named) => {
    const error = thrownBy(() => parseManifest(changed(path, value)))
    expect(error).toMatchObject({ code: 'bad_model_file', status: 502, type: 'upstream_error' })
    expect(error.message).toContain(named)
  })

  test.each([null, undefined, 5, 'text', [], [1]])('a manifest that is %j', (manifest) => {
    expect(thrownBy(() => parseManifest(manifest)).code).toBe('bad_model_file')
  })
})

test('a known answer without tokens is refused: it could not be run', () => {
  expect(thrownBy(() => parseManifest(changed('knownAnswer.tokens', []))).message).toContain('knownAnswer.tokens')
})

test('absent optional fields take their defaults', () => {
  const manifest = changed('origin', undefined) as Json
  delete manifest['knownAnswer']
  delete (manifest['recipe'] as Json)['prompts']
  expect(parseManifest(manifest)).toMatchObject({ ownedBy: 'local', created: 0, prompts: {}, knownAnswer: undefined })
})

test('fields from a prototype do not count, and __proto__ as a field pollutes nothing', () => {
  const inherited = Object.create({ format: 1, id: 'x' }) as unknown
  expect(thrownBy(() => parseManifest(inherited)).message).toContain('format')
  parseManifest(changed('__proto__', { polluted: true }))
  const recipe = parseManifest(changed('recipe.prompts', JSON.parse('{ "__proto__": "query: " }')))
  expect(({} as Json)['polluted']).toBeUndefined()
  expect(Object.getPrototypeOf(recipe.prompts)).toBe(Object.prototype)
})

test('the padding’s side, weights in other files, and an output that the graph tells are read', () => {
  const manifest = changed('recipe.paddingSide', 'left') as Json & { variants: Json[]; files: Json[] }
  const [variant] = manifest.variants
  Object.assign(variant ?? {}, { externalData: ['onnx/model.onnx_data'], output: null, pooled: null })
  manifest.files.push({ path: 'onnx/model.onnx_data', bytes: 1, sha256: '0'.repeat(64) })
  const recipe = parseManifest(manifest)
  expect(recipe.paddingSide).toBe('left')
  expect(recipe.variants[0]).toMatchObject({ externalData: ['onnx/model.onnx_data'], output: null, pooled: null })
  expect(recipe.variants[1]).toMatchObject({ externalData: [], output: 'sentence_embedding', pooled: true })
})
