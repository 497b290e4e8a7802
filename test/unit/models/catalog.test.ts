import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CATALOG, findInCatalog } from '../../../src/models/catalog.ts'
import { isModelId } from '../../../src/models/hub-layout.ts'
import { MemoryStore } from '../../../src/models/memory-store.ts'
import { ModelRepository } from '../../../src/models/repository.ts'
import { UNAVAILABLE } from '../../../src/models/unavailable.ts'

const ids = CATALOG.map(({ id }) => id)
const signal = new AbortController().signal

/** On the hub, which is not asked for what cannot be there. */
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
    for (const { id, dimensions, maxTokens, vocabSize, padTokenId } of CATALOG) {
      expect(dimensions.toSorted((a, b) => b - a), id).toEqual(dimensions)
      expect([256, 512, 2048, 8192, 32_768], id).toContain(maxTokens)
      expect(padTokenId, id).toBeLessThan(vocabSize)
    }
  })

  test('has commits for revisions, and hashes only where it has a commit', () => {
    for (const { id, revision, files } of CATALOG) {
      expect(revision, id).toMatch(/^(?:main|[0-9a-f]{40})$/)
      if (revision === 'main') expect(files, id).toEqual([])
    }
  })

  test('finds a model by its id, its hub path and the repository of its original weights', () => {
    for (const id of ['bge-m3', 'Xenova/bge-m3', 'BAAI/bge-m3']) expect(findInCatalog(id)?.path, id).toBe('Xenova/bge-m3')
    const originals = [
      'sentence-transformers/all-MiniLM-L6-v2',
      'intfloat/multilingual-e5-small',
      'google/embeddinggemma-300m',
      'Qwen/Qwen3-Embedding-0.6B',
      'nomic-ai/nomic-embed-text-v1.5',
    ]
    for (const id of originals) expect(findInCatalog(id)?.id, id).toBe(id.slice(id.indexOf('/') + 1))
    for (const id of ['someone/bge-m3', 'BAAI/all-MiniLM-L6-v2', 'BAAI/', '/bge-m3', 'constructor/x']) {
      expect(findInCatalog(id), id).toBeUndefined()
    }
  })

  test('says for the real files beside this repository what they are', () => {
    const shared = new URL('../../../../shared/models/', import.meta.url)
    const pinned = CATALOG.filter(({ files }) => files.length > 0)
    expect(pinned.map(({ id }) => id)).toEqual(['all-MiniLM-L6-v2', 'bge-small-en-v1.5', 'e5-small-v2'])
    if (!existsSync(shared)) {
      console.log('left out, as ../shared/models is not here: the hashes of the catalogue against the files')
      return
    }
    for (const { path, files } of pinned) {
      for (const file of files) {
        const bytes = readFileSync(new URL(`${path}/${file.path}`, shared))
        expect(bytes.length, path).toBe(file.bytes)
        expect(createHash('sha256').update(bytes).digest('hex'), path).toBe(file.sha256)
      }
    }
  })
})

describe('a model of the API documents', () => {
  test.each(DOCUMENTED)('%s is known, or answered with 404 and the nearest that is', async (id) => {
    const unavailable = UNAVAILABLE[id]
    if (unavailable === undefined) {
      expect(findInCatalog(id)).toBeDefined()
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
