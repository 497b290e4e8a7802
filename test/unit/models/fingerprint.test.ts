import { describe, expect, test } from 'vitest'
import { CATALOG } from '../../../src/models/catalog.ts'
import { systemFingerprint } from '../../../src/models/fingerprint.ts'
import type { ModelRecipe } from '../../../src/models/recipe.ts'

function recipe(id: string): ModelRecipe {
  const found = CATALOG.find((candidate) => candidate.id === id)
  if (found === undefined) throw new Error(id)
  return { ...found, variants: [] }
}

const minilm = recipe('all-MiniLM-L6-v2')
const bge = recipe('bge-small-en-v1.5')
const e5 = recipe('e5-small-v2')

describe('equal, for vectors that may be compared', () => {
  test('query and document', () => {
    for (const model of [minilm, bge, e5]) {
      expect(systemFingerprint(model, 'q8', 'query', 384)).toBe(systemFingerprint(model, 'q8', 'document', 384))
    }
  })

  test('every kind of input, where the model has no prompts', () => {
    const names = [undefined, 'query', 'document', 'similarity', 'classification', 'clustering'].map((type) =>
      systemFingerprint(minilm, 'q8', type, 384),
    )
    expect(new Set(names).size).toBe(1)
  })

  test('a kind that has no prompt, and the text as it is', () => {
    expect(systemFingerprint(bge, 'q8', 'clustering', 384)).toBe(systemFingerprint(bge, 'q8', undefined, 384))
  })
})

test('equal, by whichever of its names a model was asked for', () => {
  const asked = ['all-MiniLM-L6-v2', 'Xenova/all-MiniLM-L6-v2', 'sentence-transformers/all-MiniLM-L6-v2']
  const names = asked.map((id) => systemFingerprint({ ...minilm, id }, 'q8', undefined, 384))
  expect(new Set(names).size).toBe(1)
})

describe('different, for vectors that may not', () => {
  const base = systemFingerprint(e5, 'q8', 'query', 384)
  test.each([
    ['model', systemFingerprint(bge, 'q8', 'query', 384)],
    ['folder', systemFingerprint({ ...e5, path: 'e5-small-v2' }, 'q8', 'query', 384)],
    ['revision', systemFingerprint({ ...e5, revision: 'abc' }, 'q8', 'query', 384)],
    ['dtype', systemFingerprint(e5, 'fp32', 'query', 384)],
    ['pooling', systemFingerprint({ ...e5, pooling: 'cls' }, 'q8', 'query', 384)],
    ['prompt', systemFingerprint(e5, 'q8', 'clustering', 384)],
    ['no prompt', systemFingerprint(e5, 'q8', undefined, 384)],
    ['dimensions', systemFingerprint(e5, 'q8', 'query', 256)],
  ])('%s', (_what, other) => {
    expect(other).not.toBe(base)
  })
})

test('names a commit as git does for short', () => {
  expect(systemFingerprint(minilm, 'q8', undefined, 384)).toBe('Xenova/all-MiniLM-L6-v2@751bff37182d:q8.2:mean:plain:384')
})

test('names how 8-bit graphs are computed, which has changed, and of no others', () => {
  const dtypeOf = (dtype: string): string | undefined =>
    systemFingerprint(minilm, dtype, undefined, 384).split(':')[1]
  expect(['q8', 'int8', 'uint8'].map(dtypeOf)).toEqual(['q8.2', 'int8.2', 'uint8.2'])
  expect(['q8+webgpu', 'int8+webgpu', 'fp16+webgpu'].map(dtypeOf)).toEqual([
    'q8.2+webgpu',
    'int8.2+webgpu',
    'fp16+webgpu',
  ])
  expect(['fp32', 'fp16', 'q4', 'q4f16', 'bnb4'].map(dtypeOf)).toEqual(['fp32', 'fp16', 'q4', 'q4f16', 'bnb4'])
})
