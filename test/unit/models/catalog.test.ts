import { describe, expect, test } from 'vitest'
import { CATALOG, ORIGINAL_NAMES } from '../../../src/models/catalog.ts'
import { isModelId } from '../../../src/models/hub-layout.ts'
import { MemoryStore } from '../../../src/models/memory-store.ts'
import { ModelRepository } from '../../../src/models/repository.ts'
import { UNAVAILABLE } from '../../../src/models/unavailable.ts'

const ids = CATALOG.map(({ id }) => id)
const signal = new AbortController().signal

/** On the hub, where the catalogue's recipes need no request. */
const repository = new ModelRepository(
  { modelsUrl: null, recipes: [], aliases: {} },
  { store: new MemoryStore(), kind: 'memory', reason: null },
)

/** Every model that the five API documents name. */
const DOCUMENTED = [
  'text-embedding-3-small',
  'text-embedding-3-large',
  'text-embedding-ada-002',
  'jina-embeddings-v3',
  'jina-clip-v1',
  'jina-clip-v2',
  'jina-colbert-v2',
  'jina-embeddings-v2-base-code',
  'jina-embeddings-v2-base-zh',
  'jina-embeddings-v2-base-en',
  'jina-embeddings-v2-base-de',
  'jina-embeddings-v2-base-es',
  'BAAI/bge-m3',
  'BAAI/bge-large-en-v1.5',
  'BAAI/bge-large-zh-v1.5',
  'Baichuan-Text-Embedding',
  'netease-youdao/bce-embedding-base_v1',
  'zhipu-embedding-2',
  'Qwen/Qwen3-Embedding-0.6B',
]

describe('the catalogue', () => {
  test('has one entry an id, and valid ids and paths', () => {
    expect(new Set(ids).size).toBe(ids.length)
    for (const { id, path } of CATALOG) expect([id, isModelId(id), isModelId(path)]).toEqual([id, true, true])
  })

  test('has whole recipes', () => {
    for (const { id, dimensions, maxTokens, vocabSize, padTokenId, variants } of CATALOG) {
      expect(Math.max(...dimensions), id).toBe(dimensions[0])
      expect([256, 512, 8192], id).toContain(maxTokens)
      expect(padTokenId, id).toBeLessThan(vocabSize)
      expect(variants.length, id).toBeGreaterThan(0)
    }
  })

  test('finds a model by its id, its hub path and the repository of its original weights', async () => {
    for (const id of ['bge-m3', 'Xenova/bge-m3', 'BAAI/bge-m3']) {
      expect(await repository.resolve(id, signal)).toMatchObject({ id, path: 'Xenova/bge-m3', pooling: 'cls' })
    }
    for (const target of Object.values(ORIGINAL_NAMES)) expect(ids).toContain(target)
  })
})

describe('a model of the API documents', () => {
  test.each(DOCUMENTED)('%s is known, or answered with 404 and the nearest that is', async (id) => {
    const unavailable = UNAVAILABLE[id]
    if (unavailable === undefined) {
      expect((await repository.resolve(id, signal)).id).toBe(id)
      return
    }
    expect(ids).toContain(unavailable.nearest)
    await expect(repository.resolve(id, signal)).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
      message: expect.stringContaining(`aliases: { "${id}": '${unavailable.nearest}' }`),
    })
  })

  test('that nobody knows is answered with the list of those that are known', async () => {
    for (const id of ['gpt-4', '__proto__', 'constructor', '../etc']) {
      await expect(repository.resolve(id, signal)).rejects.toMatchObject({
        code: 'model_not_found',
        message: expect.stringContaining('Known models: all-MiniLM-L6-v2, '),
      })
    }
  })
})
