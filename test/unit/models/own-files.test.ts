import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { offeredGraphs, variantsOf } from '../../../src/models/offered-graphs.ts'
import { poolingFileOf, recipeFromOwnFiles, type OwnFiles } from '../../../src/models/own-files.ts'
import type { ModelRecipe } from '../../../src/models/recipe.ts'
import { thrownBy } from '../thrown-by.ts'

type Json = Record<string, unknown>

const ID = 'org/model'
const PATHS = [
  'config.json',
  'modules.json',
  '1_Pooling/config.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  'tokenizer_config.json',
]
const minilm = new URL('../../fixtures/hub/minilm-files/', import.meta.url)
const real = (): Map<string, unknown> =>
  new Map(PATHS.map((path) => [path, JSON.parse(readFileSync(new URL(path, minilm), 'utf8'))]))

/** The files of the real model with fields replaced; `undefined` removes a field, and a whole file. */
function changed(changes: Record<string, Json | unknown[] | undefined>): Map<string, unknown> {
  const files = real()
  for (const [path, change] of Object.entries(changes)) {
    if (change === undefined) files.delete(path)
    else files.set(path, Array.isArray(change) ? change : { ...(files.get(path) as Json), ...change })
  }
  return files
}

const DESCRIBED = {
  id: ID,
  path: ID,
  revision: 'main',
  created: 0,
  variants: variantsOf(offeredGraphs(new Map([['onnx/model.onnx', 1]])), null),
  files: [],
}
const owned = (files: Map<string, unknown>): OwnFiles => new Map([...files].map(([path, json]) => [path, { json, of: ID }]))

const recipe = (changes: Parameters<typeof changed>[0] = {}): ModelRecipe =>
  recipeFromOwnFiles(DESCRIBED, owned(changed(changes)))
const failure = (changes: Parameters<typeof changed>[0]): string => {
  const error = thrownBy(() => recipe(changes))
  expect(error.code).toBe('bad_model_file')
  return error.message
}

test('the files of all-MiniLM-L6-v2 give its recipe', () => {
  expect(recipe()).toMatchObject({
    id: ID,
    path: ID,
    ownedBy: 'org',
    dimensions: [384],
    maxTokens: 256,
    pooling: 'mean',
    vocabSize: 30_522,
    padTokenId: 0,
    prompts: {},
    files: [],
    variants: [
      { device: 'webgpu', dtype: 'fp32', file: 'onnx/model.onnx', output: null, pooled: null },
      { device: 'wasm', dtype: 'fp32', file: 'onnx/model.onnx', output: null, pooled: null },
    ],
  })
})

test('the side of the padding is the tokenizer’s', () => {
  const side = (padding_side: unknown) => ({ 'tokenizer_config.json': { padding_side } })
  expect(recipe().paddingSide).toBe('right')
  expect(recipe(side('left')).paddingSide).toBe('left')
  expect(failure(side('both'))).toContain('padding_side must be one of right, left')
})

describe('pooling', () => {
  const mode = (name: string): Json => ({ pooling_mode_mean_tokens: false, [name]: true })

  test.each([
    ['pooling_mode_cls_token', 'cls'],
    ['pooling_mode_mean_tokens', 'mean'],
    ['pooling_mode_mean_sqrt_len_tokens', 'mean'],
    ['pooling_mode_lasttoken', 'last'],
  ])('%s: %s', (name, pooling) => {
    expect(recipe({ '1_Pooling/config.json': mode(name) }).pooling).toBe(pooling)
  })

  test('as one word', () => {
    const files = real()
    files.set('1_Pooling/config.json', { embedding_dimension: 384, pooling_mode: 'lasttoken' })
    expect(recipeFromOwnFiles(DESCRIBED, owned(files)).pooling).toBe('last')
  })

  test.each([
    [mode('pooling_mode_max_tokens'), 'pooling_mode_max_tokens must be false'],
    [mode('pooling_mode_weightedmean_tokens'), 'pooling_mode_weightedmean_tokens must be false'],
    [mode('pooling_mode_none'), 'one pooling_mode_… that is true'],
    [{ pooling_mode_cls_token: true }, 'joined poolings are not supported'],
    [{ pooling_mode_cls_token: 'yes' }, 'pooling_mode_cls_token must be true or false; it is "yes"'],
    [{ pooling_mode: 'max' }, 'pooling_mode must be one of'],
    [{ include_prompt: false }, 'include_prompt must be true'],
    [{ word_embedding_dimension: 768 }, 'word_embedding_dimension must be 384, as hidden_size of config.json says'],
  ])('%j is refused', (change, words) => {
    const pooling = 'pooling_mode_none' in change ? { pooling_mode_mean_tokens: false } : change
    expect(failure({ '1_Pooling/config.json': pooling })).toContain(words)
    expect(failure({ '1_Pooling/config.json': pooling })).toContain('org/model/1_Pooling/config.json')
  })

  test('that no file tells: an error that says what to pass', () => {
    const message = failure({ '1_Pooling/config.json': undefined })
    expect(message).toContain('do not tell how token vectors are pooled (no 1_Pooling/config.json)')
    expect(message).toContain("models: [{ format: 1, id: 'org/model', recipe: { pooling:")
  })
})

describe('modules.json', () => {
  const list = (...modules: [type: string, path: string][]) => ({
    json: modules.map(([type, path]) => ({
      type: type.includes('.') ? type : `sentence_transformers.models.${type}`,
      path,
    })),
    of: ID,
  })

  test('names the pooling’s folder, with or without a Normalize', () => {
    expect(poolingFileOf(undefined)).toBe('1_Pooling/config.json')
    expect(poolingFileOf(list(['Transformer', ''], ['Pooling', 'p']))).toBe('p/config.json')
    expect(poolingFileOf(list(['Transformer', ''], ['Pooling', 'p'], ['Normalize', 'n']))).toBe('p/config.json')
  })

  test.each([
    ['no modules', list()],
    ['a lone Transformer', list(['Transformer', ''])],
    ['another order', list(['Pooling', 'p'], ['Transformer', ''])],
    ['a Dense', list(['Transformer', ''], ['Pooling', 'p'], ['Dense', 'd'], ['Normalize', 'n'])],
    ['a Dense after all', list(['Transformer', ''], ['Pooling', 'p'], ['Normalize', 'n'], ['Dense', 'd'])],
    ['code of its own', list(['custom_st.Transformer', ''], ['Pooling', 'p'])],
    ['a path that leads out', list(['Transformer', ''], ['Pooling', '../x'])],
    ['no list', { json: { type: 'Pooling' }, of: ID }],
    ['null', { json: null, of: ID }],
  ])('%s is refused', (_what, modules) => {
    const error = thrownBy(() => poolingFileOf(modules))
    expect(error).toMatchObject({ code: 'bad_model_file', status: 502 })
    expect(error.message).toMatch(/^org\/model\/modules\.json: /)
  })
})

describe('the limit', () => {
  const none = { sentence: { 'sentence_bert_config.json': { max_seq_length: null } } }

  test('of sentence-transformers, else of the tokenizer, else of the position table', () => {
    expect(recipe(none.sentence).maxTokens).toBe(512)
    expect(recipe({ ...none.sentence, 'tokenizer_config.json': { model_max_length: 128 } }).maxTokens).toBe(128)
    expect(recipe({ 'sentence_bert_config.json': undefined, 'tokenizer_config.json': undefined }).maxTokens).toBe(512)
  })

  test('is never above the position table, nor what a tokenizer without a limit says', () => {
    expect(recipe({ 'sentence_bert_config.json': { max_seq_length: 8192 } }).maxTokens).toBe(512)
    const absurd = { 'tokenizer_config.json': { model_max_length: 1e30 } }
    expect(recipe({ ...none.sentence, ...absurd }).maxTokens).toBe(512)
  })

  test('loses the first positions of a RoBERTa', () => {
    const config = { model_type: 'xlm-roberta', max_position_embeddings: 514, pad_token_id: 1 }
    expect(recipe({ 'config.json': config, 'sentence_bert_config.json': { max_seq_length: 514 } }).maxTokens).toBe(512)
  })

  test('that no file tells: an error', () => {
    const message = failure({
      'sentence_bert_config.json': undefined,
      'tokenizer_config.json': { model_max_length: 1e30 },
      'config.json': { max_position_embeddings: undefined },
    })
    expect(message).toContain('how long an input may be')
  })

  test.each([0, -1, 1.5, '512'])('%j is refused', (max_seq_length) => {
    expect(failure({ 'sentence_bert_config.json': { max_seq_length } })).toContain('max_seq_length must be an integer')
  })
})

describe('width, vocabulary and padding', () => {
  test('by the names of several architectures', () => {
    const pooling = { word_embedding_dimension: undefined }
    for (const key of ['d_model', 'dim', 'n_embd']) {
      const config = { hidden_size: undefined, [key]: 128 }
      expect(recipe({ 'config.json': config, '1_Pooling/config.json': pooling }).dimensions).toEqual([128])
    }
  })

  test('Matryoshka sets, the native width first', () => {
    const config = { matryoshka_dimensions: [64, 128, 384] }
    expect(recipe({ 'config.json': config }).dimensions).toEqual([384, 128, 64])
  })

  test('the padding’s id from the tokenizer’s added tokens', () => {
    const added = { pad_token: '[PAD]', added_tokens_decoder: { 7: { content: '[PAD]' }, 0: { content: '[UNK]' } } }
    const config = { pad_token_id: null }
    expect(recipe({ 'config.json': config, 'tokenizer_config.json': added }).padTokenId).toBe(7)
    expect(failure({ 'config.json': config })).toContain('org/model/config.json: pad_token_id must be an integer')
  })

  test.each([
    [{ vocab_size: undefined }, 'vocab_size'],
    [{ vocab_size: 'many' }, 'vocab_size'],
    [{ pad_token_id: 30_522 }, 'pad_token_id'],
    [{ hidden_size: -1 }, 'hidden_size'],
    [{ matryoshka_dimensions: [768] }, 'matryoshka_dimensions[0]'],
  ])('%j is refused', (config, field) => {
    expect(failure({ 'config.json': config })).toContain(`org/model/config.json: ${field} must be`)
  })
})

test('prompts by their names in sentence-transformers; those of other tasks are left out', () => {
  const prompts = { query: 'q: ', passage: 'p: ', STS: '', Clustering: 'c: ', BitextMining: 'b: ' }
  expect(recipe({ 'config_sentence_transformers.json': { prompts } }).prompts).toEqual({
    query: 'q: ',
    document: 'p: ',
    clustering: 'c: ',
  })
  expect(failure({ 'config_sentence_transformers.json': { prompts: { query: 1 } } })).toContain('prompts.query')
})
