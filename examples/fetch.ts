import { EmbeddingsClient } from 'browser-embeddings'

const client = new EmbeddingsClient({ modelsUrl: '/models/' })
export const response = await client.fetch('/v1/embeddings', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'all-MiniLM-L6-v2', input: 'I forgot my login.', dimensions: 128 }),
})
export const { data } = (await response.json()) as { data: { embedding: number[] }[] }
