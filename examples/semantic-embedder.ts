import { EmbeddingsClient } from 'browser-embeddings'
import { createSemanticEmbedder } from 'browser-embeddings/adapters/semantic-embedder'

const client = new EmbeddingsClient({ modelsUrl: '/models/' })
const SemanticEmbedder = createSemanticEmbedder(client, { model: 'all-MiniLM-L6-v2' })
export const availability = await SemanticEmbedder.availability()
const embedder = await SemanticEmbedder.create()
export const result = await embedder.embed('I forgot my login.', { taskType: 'retrieval-query' })
embedder.destroy()
