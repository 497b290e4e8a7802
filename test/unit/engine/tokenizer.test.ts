/** Token ids against the Rust tokenizers: every text of the reference set, for every model whose files are here. */

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Tokenizer } from '../../../src/engine/tokenizer.ts'
import { EmbeddingsError } from '../../../src/openai/errors.ts'
import { thrownBy } from '../thrown-by.ts'

const path = (relative: string): string => fileURLToPath(new URL(`../../../${relative}`, import.meta.url))
const readJson = (relative: string): unknown => JSON.parse(readFileSync(path(relative), 'utf8'))

interface Reference {
  prefix: string
  max_tokens: number
  rows: { tokens: number[] }[]
}

const texts = readJson('test/fixtures/reference/texts.json') as string[]
const CUT = { truncate: true, item: 'input' }
const REFUSE = { truncate: false, item: 'input[3]' }

function tokenizerOf(folder: string, maxTokens: number): Tokenizer {
  return new Tokenizer(readJson(`${folder}/tokenizer.json`), readJson(`${folder}/tokenizer_config.json`), {
    maxTokens,
    vocabSize: 30_522,
  })
}

const models = [
  ['models/all-MiniLM-L6-v2', 'all-MiniLM-L6-v2.fp32'],
  ['../shared/models/Xenova/all-MiniLM-L6-v2', 'all-MiniLM-L6-v2.q8'],
  ['../shared/models/Xenova/bge-small-en-v1.5', 'bge-small-en-v1.5.q8'],
  ['../shared/models/Xenova/e5-small-v2', 'e5-small-v2.q8'],
] as const
const present = models.filter(([folder]) => existsSync(path(folder)))
for (const [folder] of models) {
  if (!existsSync(path(folder))) console.log(`left out: token ids of ${folder}, which is not here`)
}

test.each(present)('%s gives the reference token ids on all 40 texts', (folder, name) => {
  const reference = readJson(`test/fixtures/reference/${name}.json`) as Reference
  const tokenizer = tokenizerOf(folder, reference.max_tokens)
  expect(reference.rows).toHaveLength(40)
  texts.forEach((text, index) => {
    const ids = Array.from(tokenizer.encodeText(reference.prefix + text, CUT))
    expect([text, ids]).toEqual([text, reference.rows[index]?.tokens])
  })
})

describe('all-MiniLM-L6-v2', () => {
  const tokenizer = tokenizerOf('models/all-MiniLM-L6-v2', 256)
  const [CLS, SEP] = [101, 102]

  test('padding and truncation sections of tokenizer.json are ignored', () => {
    const json = readJson('models/all-MiniLM-L6-v2/tokenizer.json') as Record<
      string,
      { max_length?: number } | null
    >
    expect(json['truncation']?.max_length).toBe(128)
    expect(json['padding']).not.toBeNull()
    expect(tokenizer.encodeText('Hello, world!', REFUSE)).toHaveLength(6)
    expect(tokenizer.encodeText('word '.repeat(200), REFUSE)).toHaveLength(202)
  })

  test('the limit counts special tokens: 254 words pass, 255 are refused with item, limit and what came', () => {
    expect(tokenizer.encodeText('word '.repeat(254), REFUSE)).toHaveLength(256)
    const error = thrownBy(() => tokenizer.encodeText('word '.repeat(255), REFUSE))
    expect(error).toMatchObject({ code: 'context_length_exceeded', param: 'input[3]', status: 400 })
    expect(error.message).toMatch(/\b256\b.*input\[3\].*\b257\b/)
  })

  test('truncation keeps the special tokens and cuts on the right', () => {
    const ids = tokenizer.encodeText(`first ${'word '.repeat(300)}`, CUT)
    expect(ids).toHaveLength(256)
    expect([ids[0], ids[255]]).toEqual([CLS, SEP])
    expect(ids.slice(0, 2)).toEqual(tokenizer.encodeText('first', CUT).slice(0, 2))
  })

  const WORDS = [7592, 2088]

  test('token ids get the special tokens, unless they have them', () => {
    const expected = Int32Array.of(CLS, ...WORDS, SEP)
    expect(tokenizer.encodeTokens(WORDS, { ...REFUSE, prompt: '' })).toEqual(expected)
    expect(tokenizer.encodeTokens([CLS, ...WORDS, SEP], { ...REFUSE, prompt: '' })).toEqual(expected)
  })

  test('one special token at one end only is content', () => {
    const ids = tokenizer.encodeTokens([CLS, ...WORDS], { ...REFUSE, prompt: '' })
    expect(ids).toEqual(Int32Array.of(CLS, CLS, ...WORDS, SEP))
  })

  test('a prompt goes before token ids, inside the special tokens', () => {
    const text = tokenizer.encodeText('query: hello world', REFUSE)
    expect(tokenizer.encodeTokens(WORDS, { ...REFUSE, prompt: 'query: ' })).toEqual(text)
    expect(tokenizer.encodeTokens([CLS, ...WORDS, SEP], { ...REFUSE, prompt: 'query: ' })).toEqual(text)
  })

  test('token arrays are cut and refused by the same limit as texts', () => {
    const long = Array.from({ length: 255 }, () => 2773)
    expect(thrownBy(() => tokenizer.encodeTokens(long, { ...REFUSE, prompt: '' })).code).toBe(
      'context_length_exceeded',
    )
    expect(tokenizer.encodeTokens(long, { ...CUT, prompt: '' })).toHaveLength(256)
  })

  test('the last id of the vocabulary passes and the next is refused by name', () => {
    expect(tokenizer.encodeTokens([30_521], { ...REFUSE, prompt: '' })[1]).toBe(30_521)
    const error = thrownBy(() => tokenizer.encodeTokens([5, 30_522], { ...REFUSE, prompt: '' }))
    expect(error).toMatchObject({ code: 'invalid_token', param: 'input[3][1]' })
    expect(error.message).toMatch(/30522.*30521/)
  })
})

test('a tokenizer whose unknown words get no id is a bad model file, never a silent zero', () => {
  const json = {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab: { a: 0, red: 1 }, unk_token: 'red' },
  }
  const tokenizer = new Tokenizer(json, {}, { maxTokens: 16, vocabSize: 2 })
  expect(tokenizer.encodeText('a red', REFUSE)).toEqual(Int32Array.of(0, 1))
  expect(thrownBy(() => tokenizer.encodeText('a blue', REFUSE)).code).toBe('bad_model_file')
})

test('JSON that is no tokenizer is a bad model file', () => {
  for (const json of [{}, null, [], { model: { type: 'none' } }]) {
    const error = thrownBy(() => new Tokenizer(json, {}, { maxTokens: 16, vocabSize: 10 }))
    expect(error).toBeInstanceOf(EmbeddingsError)
    expect(error.code).toBe('bad_model_file')
  }
})
