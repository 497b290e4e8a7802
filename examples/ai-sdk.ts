import { cosineSimilarity, embedMany } from 'ai'
import { EmbeddingsClient } from 'browser-embeddings'
import { aiSdkEmbeddingModel } from 'browser-embeddings/adapters/ai-sdk'

const client = new EmbeddingsClient({ modelsUrl: '/models/' })
const model = aiSdkEmbeddingModel(client, 'all-MiniLM-L6-v2')
const values = ['I forgot my login.', 'How do I reset my password?', 'The soup is cold.']
export const { embeddings, usage } = await embedMany({ model, values })
export const similarities = embeddings
  .slice(1)
  .map((embedding) => cosineSimilarity(embeddings[0] ?? [], embedding))
