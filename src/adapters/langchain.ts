/** LangChain.js: `Embeddings` for its vector stores and retrievers. */

import { Embeddings } from '@langchain/core/embeddings'
import type { EmbeddingsClient } from '../index.ts'

/** What `LocalEmbeddings` is made from. */
export interface LocalEmbeddingsFields {
  client: EmbeddingsClient
  /** Id or alias, as in `embeddings.create`. */
  model: string
  /** Cut the vectors to this many dimensions. @default the model's width */
  dimensions?: number | undefined
  /** Cut longer texts at the model's limit instead of refusing them. @default false */
  truncate?: boolean | undefined
  /** Documents of one request, 1 to 2,048; requests go one after another. @default 256 */
  batchSize?: number | undefined
  /** Ends every call that runs, and every later one. */
  signal?: AbortSignal | undefined
}

/**
 * Embeddings on this device. Queries and documents get the model's own prompts, so that retrieval models
 * (`query: `, `passage: `) work as they were trained.
 */
export class LocalEmbeddings extends Embeddings {
  readonly #fields: LocalEmbeddingsFields

  /** @param fields the client, the model and what applies to every call */
  constructor(fields: LocalEmbeddingsFields) {
    // LangChain's own caller would retry; what can be retried here, the client does itself.
    super({ maxRetries: 0 })
    this.#fields = fields
  }

  /** Vectors of documents, in order. @throws {EmbeddingsError} every failure; the signal's own reason */
  async embedDocuments(documents: string[]): Promise<number[][]> {
    const { batchSize = 256 } = this.#fields
    const vectors: number[][] = []
    for (let start = 0; start < documents.length; start += batchSize) {
      vectors.push(...(await this.#embed(documents.slice(start, start + batchSize), 'document')))
    }
    return vectors
  }

  /** Vector of a query. @throws {EmbeddingsError} every failure; the signal's own reason */
  async embedQuery(document: string): Promise<number[]> {
    const [vector = []] = await this.#embed([document], 'query')
    return vector
  }

  async #embed(input: readonly string[], inputType: 'query' | 'document'): Promise<number[][]> {
    const { client, model, dimensions, truncate, signal } = this.#fields
    const priority = inputType === 'query' ? 'interactive' : 'background'
    const { data } = await client.embeddings.create(
      { model, input, dimensions, truncate, input_type: inputType },
      { signal, priority },
    )
    return data.map(({ embedding }) => embedding)
  }
}
