/** Orama itself with the plugin. */

import { create, getByID, insert, insertMultiple, search } from '@orama/orama'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { oramaEmbeddings } from '../../../src/adapters/orama.ts'
import type { EmbeddingsClient } from '../../../src/index.ts'
import { MODEL, PROMPTS, promptedClient, vectorOf } from './prompted-model.ts'

let client: EmbeddingsClient

beforeAll(async () => {
  client = await promptedClient()
})

afterAll(() => client.close())

const DOCUMENTS = [
  { title: 'How to reset a forgotten password', about: { topic: 'accounts' } },
  { title: 'Opening hours of the swimming pool', about: { topic: 'sports' } },
  { title: 'Recipe for a chocolate cake', about: { topic: 'food' } },
]

function newDatabase() {
  const plugin = oramaEmbeddings(client, { model: MODEL, properties: ['title'], vectorProperty: 'vector' })
  const db = create({ schema: { title: 'string', vector: 'vector[384]' }, plugins: [plugin] })
  return { plugin, db }
}

/** All three documents are returned, best first; Orama's own threshold of 0.8 is for other models. */
const ANY_SIMILARITY = -1

test('embeds a document when it is inserted, with the prompt of documents', async () => {
  const { db } = newDatabase()
  const id = await insert(db, { title: 'cats sleep' })
  expect(getByID(db, id)?.['vector']).toEqual(await vectorOf(client, `${PROMPTS.document}cats sleep`))
})

test('joins several fields, nested ones too', async () => {
  const properties = ['title', 'about.topic', 'absent']
  const plugin = oramaEmbeddings(client, { model: MODEL, properties, vectorProperty: 'vector', dimensions: 64 })
  const db = create({ schema: { title: 'string', vector: 'vector[64]' }, plugins: [plugin] })
  const id = await insert(db, { title: 'Cake', about: { topic: 'food' } })
  expect(getByID(db, id)?.['vector']).toEqual(await vectorOf(client, `${PROMPTS.document}Cake. food`, 64))
})

test('insertMultiple waits for the vectors, and fill asks for them in one request', async () => {
  const { db } = newDatabase()
  const ids = await insertMultiple(db, structuredClone(DOCUMENTS))
  expect(ids.map((id) => typeof id)).toEqual(['string', 'string', 'string'])
  const { db: filled, plugin } = newDatabase()
  let requests = 0
  const create = client.embeddings.create.bind(client.embeddings)
  client.embeddings.create = ((...args: Parameters<typeof create>) => {
    requests++
    return create(...args)
  }) as typeof client.embeddings.create
  try {
    await insertMultiple(filled, await plugin.fill(structuredClone(DOCUMENTS)))
  } finally {
    client.embeddings.create = create
  }
  expect(requests).toBe(1)
})

test.each(['vector', 'hybrid'] as const)('a search in mode %s needs only its term', async (mode) => {
  const { db } = newDatabase()
  await insertMultiple(db, structuredClone(DOCUMENTS))
  const params = { mode, term: 'I cannot log in any more', similarity: ANY_SIMILARITY }
  const { hits } = await search(db, params as never)
  expect(hits[0]?.document).toMatchObject({ title: DOCUMENTS[0]?.title })
})

test('the same parameters with another term are embedded anew; a vector of the caller stays', async () => {
  const { db } = newDatabase()
  await insertMultiple(db, structuredClone(DOCUMENTS))
  const params = { mode: 'vector', term: 'I cannot log in any more', similarity: ANY_SIMILARITY }
  await search(db, params as never)
  params.term = 'something sweet to bake'
  expect((await search(db, params as never)).hits[0]?.document).toMatchObject({ title: DOCUMENTS[2]?.title })
  const value = await vectorOf(client, 'swimming')
  const own = { ...params, vector: { property: 'vector', value } }
  expect((await search(db, own as never)).hits[0]?.document).toMatchObject({ title: DOCUMENTS[1]?.title })
})

test('a full-text search is left alone', async () => {
  const { db } = newDatabase()
  await insertMultiple(db, structuredClone(DOCUMENTS))
  const { hits } = await search(db, { term: 'chocolate' })
  expect(hits).toHaveLength(1)
})

test('an insert that cannot be embedded fails with the error of the client', async () => {
  const { db } = newDatabase()
  const tooLong = { title: 'word '.repeat(300) }
  await expect(insert(db, tooLong)).rejects.toMatchObject({ code: 'context_length_exceeded' })
})
