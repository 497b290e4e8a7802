import { create, insertMultiple, search } from '@orama/orama'
import { EmbeddingsClient } from 'browser-embeddings'
import { oramaEmbeddings } from 'browser-embeddings/adapters/orama'

const client = new EmbeddingsClient({ modelsUrl: '/models/' })
const fields = { properties: ['title'], vectorProperty: 'vector' }
const plugin = oramaEmbeddings(client, { model: 'all-MiniLM-L6-v2', ...fields })
const db = create({ schema: { title: 'string', vector: 'vector[384]' }, plugins: [plugin] })
const documents = [{ title: 'How do I reset my password?' }, { title: 'The soup is cold.' }]
await insertMultiple(db, await plugin.fill(documents))
export const { hits } = await search(db, { mode: 'hybrid', term: 'I forgot my login.', similarity: 0.3 })
