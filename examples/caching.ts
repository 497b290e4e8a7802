import { EmbeddingsClient } from 'browser-embeddings'

const client = new EmbeddingsClient({ modelsUrl: '/models/', cache: { kind: 'indexeddb', maxEntries: 50_000 } })
const body = { model: 'all-MiniLM-L6-v2', input: ['I forgot my login.', 'The soup is cold.'] }
export const first = await client.embeddings.create(body)
export const second = await client.embeddings.create(body) // the same answer, nothing computed
export const { cache } = await client.models.status('all-MiniLM-L6-v2')
