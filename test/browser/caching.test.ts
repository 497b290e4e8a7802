/** The `cache` option: both kinds of cache against one contract, then through the client. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EmbeddingsClient, type EmbeddingsClientOptions } from '../../src/index.ts'
import { IndexedVectorCache } from '../../src/worker/indexed-vector-cache.ts'
import { MemoryVectorCache } from '../../src/worker/memory-vector-cache.ts'
import type { VectorCache } from '../../src/worker/vector-cache.ts'
import { haveSharedModels } from './shared-models.ts'

const MODEL = 'all-MiniLM-L6-v2'
const shared = await haveSharedModels('one model by two names')

function deleteDatabase(): Promise<void> {
  return new Promise((resolve, reject) => {
    const deleting = indexedDB.deleteDatabase('browser-embeddings-vectors')
    deleting.onsuccess = () => resolve()
    deleting.onerror = () => reject(deleting.error ?? new Error('not deleted'))
  })
}

beforeEach(deleteDatabase)

describe.each([
  ['memory', (most: number): Promise<VectorCache> => Promise.resolve(new MemoryVectorCache(most))],
  ['indexeddb', (most: number): Promise<VectorCache> => IndexedVectorCache.open(most)],
])('a %s cache', (kind, open) => {
  const vector = (value: number): Float32Array => Float32Array.of(value, value + 0.5)

  test('gives what was put, in the order of the keys, and null for the rest', async () => {
    const cache = await open(10)
    await cache.put([
      ['a', vector(1)],
      ['b', vector(2)],
    ])
    expect(await cache.get(['b', 'c', 'a'])).toEqual([vector(2), null, vector(1)])
    expect([cache.kind, await cache.count()]).toEqual([kind, 2])
  })

  test('lets the least recently used go first', async () => {
    const cache = await open(3)
    await cache.put([
      ['a', vector(1)],
      ['b', vector(2)],
      ['c', vector(3)],
    ])
    await cache.get(['a'])
    await cache.put([['d', vector(4)]])
    await cache.put([['a', vector(5)]])
    await cache.put([['e', vector(6)]])
    expect(await cache.get(['a', 'b', 'c', 'd', 'e'])).toEqual([vector(5), null, null, vector(4), vector(6)])
    expect(await cache.count()).toBe(3)
  })

  test('keeps no more than its limit of one large put', async () => {
    const cache = await open(5)
    await cache.put(Array.from({ length: 50 }, (_, i) => [`k${String(i)}`, vector(i)] as const))
    expect(await cache.count()).toBe(5)
    expect((await cache.get(['k49']))[0]).toEqual(vector(49))
  })

  test('deletes what begins with a prefix, and nothing else', async () => {
    const cache = await open(10)
    await cache.put([
      ['one@1:x', vector(1)],
      ['one@2:x', vector(2)],
      ['one-more@1:x', vector(3)],
    ])
    await cache.deleteAll('one@')
    expect(await cache.get(['one@1:x', 'one@2:x', 'one-more@1:x'])).toEqual([null, null, vector(3)])
  })
})

describe('the client', () => {
  const clients: EmbeddingsClient[] = []

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
  })

  function open(options: EmbeddingsClientOptions): EmbeddingsClient {
    const client = new EmbeddingsClient({ modelsUrl: '/models/', device: 'wasm', workers: 1, ...options })
    clients.push(client)
    return client
  }

  const cacheOf = async (client: EmbeddingsClient) => (await client.models.status(MODEL)).cache

  test('keeps nothing by default', async () => {
    const client = open({})
    await client.embeddings.create({ model: MODEL, input: 'x' })
    expect(await cacheOf(client)).toBeNull()
    expect((await indexedDB.databases()).map(({ name }) => name)).not.toContain('browser-embeddings-vectors')
  })

  test.each(['memory', 'indexeddb'] as const)(
    '%s: the second answer equals the first, usage included',
    async (cache) => {
      const client = open({ cache })
      const body = { model: MODEL, input: ['one text', 'another text'] }
      const first = await client.embeddings.create(body)
      const progress: number[] = []
      const second = await client.embeddings.create(body, {
        onProgress: (event) => {
          if (event.type === 'embedded') progress.push(event.inputs)
        },
      })
      expect(second).toEqual(first)
      // How many events tell it depends on how fast the texts are tokenized.
      expect(progress.at(-1)).toBe(2)
      expect(await cacheOf(client)).toEqual({ kind: cache, entries: 2, hits: 2, misses: 2, reason: null })
    },
  )

  test('computes what is missing and puts it in its place', async () => {
    const client = open({ cache: 'memory' })
    const plain = open({})
    await client.embeddings.create({ model: MODEL, input: ['b', 'd'] })
    const input = ['a', 'b', 'c', 'd']
    const mixed = await client.embeddings.create({ model: MODEL, input, encoding_format: 'float' })
    expect(mixed.usage).toEqual((await plain.embeddings.create({ model: MODEL, input })).usage)
    for (const [index, text] of input.entries()) {
      const { data } = await plain.embeddings.create({ model: MODEL, input: text })
      const dot = mixed.data[index]!.embedding.reduce(
        (sum, value, k) => sum + value * data[0]!.embedding[k]!,
        0,
      )
      expect(dot).toBeGreaterThan(0.998)
    }
    expect(await cacheOf(client)).toMatchObject({ hits: 2, misses: 4 })
  })

  test('never answers with a vector of other dimensions, another prompt or another text', async () => {
    const client = open({ cache: 'memory' })
    const ask = async (fields: object) => {
      const { data } = await client.embeddings.create({ model: MODEL, input: 'cats', ...fields })
      return data[0]!.embedding
    }
    const whole = await ask({})
    expect(await ask({ dimensions: 64 })).toHaveLength(64)
    expect(await ask({ dimensions: 128 })).toHaveLength(128)
    expect(await ask({ input: 'dogs' })).not.toEqual(whole)
    expect(await cacheOf(client)).toMatchObject({ hits: 0, misses: 4 })
    // The same tokens, however they are written.
    expect(await ask({ input: [[101, 8870, 102]] })).toEqual(whole)
    expect(await ask({ encoding_format: 'float', dimensions: 384 })).toEqual(whole)
    expect(await cacheOf(client)).toMatchObject({ hits: 2, misses: 4 })
  })

  test('never answers with a vector of another model of the same tokens', async () => {
    const manifest = (await (await fetch(`/models/${MODEL}/manifest.json`)).json()) as { recipe: object }
    const recipe = { ...manifest.recipe, prompts: { query: 'query: ', clustering: 'group: ' } }
    const client = open({ cache: 'indexeddb', models: [{ ...manifest, recipe }] })
    const plain = await client.embeddings.create({ model: MODEL, input: 'query: cats' })
    const query = await client.embeddings.create({ model: MODEL, input: 'cats', input_type: 'query' })
    // One model, one text: the vectors are the same, but the spaces have different names.
    expect(query.data).toEqual(plain.data)
    expect(query.system_fingerprint).not.toBe(plain.system_fingerprint)
    expect(await cacheOf(client)).toMatchObject({ hits: 0, misses: 2 })
    const next = open({ cache: 'indexeddb', models: [{ ...manifest, revision: 'next' }] })
    await next.embeddings.create({ model: MODEL, input: 'query: cats' })
    expect(await cacheOf(next)).toMatchObject({ hits: 0, misses: 1, entries: 3 })
  })

  test('indexeddb lasts beyond the client, until the model is deleted', async () => {
    const first = open({ cache: { kind: 'indexeddb', maxEntries: 100 } })
    const { data } = await first.embeddings.create({ model: MODEL, input: 'kept' })
    await first.close()
    const second = open({ cache: 'indexeddb' })
    expect((await second.embeddings.create({ model: MODEL, input: 'kept' })).data).toEqual(data)
    expect(await cacheOf(second)).toMatchObject({ hits: 1, misses: 0, entries: 1 })
    await second.models.delete(MODEL)
    expect(await cacheOf(second)).toMatchObject({ entries: 0 })
  })

  test.skipIf(!shared)(
    'a model has one set of vectors, by whichever of its names it is asked for',
    async () => {
      const client = open({ modelsUrl: '/shared-models/', cache: 'memory', storage: 'memory' })
      const ask = (model: string) => client.embeddings.create({ model, input: 'cats' })
      const first = await ask(MODEL)
      const { data, model, system_fingerprint } = await ask(`Xenova/${MODEL}`)
      expect(data).toEqual(first.data)
      expect([model, system_fingerprint]).toEqual([`Xenova/${MODEL}`, first.system_fingerprint])
      const { cache } = await client.models.status(`Xenova/${MODEL}`)
      expect(cache).toMatchObject({ hits: 1, misses: 0, entries: 1 })
      await client.models.delete(MODEL)
      const other = await client.models.status(`Xenova/${MODEL}`)
      expect([other.state, other.cache?.entries]).toEqual(['unloaded', 0])
    },
  )

  test('keeps no text: the database holds hashes and numbers', async () => {
    const client = open({ cache: 'indexeddb' })
    await client.embeddings.create({ model: MODEL, input: 'my secret diary', user: 'somebody' })
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open('browser-embeddings-vectors')
      opening.onsuccess = () => resolve(opening.result)
    })
    const store = database.transaction('vectors').objectStore('vectors')
    const [keys, values] = await Promise.all(
      [store.getAllKeys(), store.getAll()].map(
        (request) =>
          new Promise<unknown[]>((resolve) => {
            request.onsuccess = () => resolve(request.result)
          }),
      ),
    )
    database.close()
    expect(keys).toEqual([expect.stringMatching(/^all-MiniLM-L6-v2@[^ ]+:384:[0-9a-f]{64}$/)])
    expect(values).toEqual([{ vector: expect.any(Float32Array), used: expect.any(Number) }])
  })

  test.each([
    ['disk', 'cache'],
    [{ kind: 'memory', maxEntries: 0 }, 'cache.maxEntries'],
    [{ maxEntries: 5 }, 'cache'],
  ])('refuses %j with the name of the option', (cache, param) => {
    expect(() => open({ cache: cache as 'memory' })).toThrow(expect.objectContaining({ param, status: 400 }))
  })
})
