import { EmbeddingsClient } from 'browser-embeddings'
import { LocalEmbeddings } from 'browser-embeddings/adapters/langchain'

const client = new EmbeddingsClient({ modelsUrl: '/models/' })
// For any vector store: `MemoryVectorStore.fromDocuments(documents, embeddings)`
const embeddings = new LocalEmbeddings({ client, model: 'all-MiniLM-L6-v2', batchSize: 64 })
export const documents = await embeddings.embedDocuments(['How do I reset my password?', 'The soup is cold.'])
export const query = await embeddings.embedQuery('I forgot my login.')
