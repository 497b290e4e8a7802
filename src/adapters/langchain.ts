/** LangChain.js: `Embeddings` for its vector stores and retrievers. */

import { Embeddings } from '@langchain/core/embeddings'
import { EmbeddingsError, type EmbeddingsClient } from '../index.ts'

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

/** Documents of one request, where nothing else is asked for; the most is what one request may hold. */
const BATCH = 256
const LARGEST_BATCH = 2048

/**
 * Embeddings on this device. Queries and documents get the model's own prompts, so that retrieval models
 * (`query: `, `passage: `) work as they were trained.
 */
export class LocalEmbeddings extends Embeddings {
  readonly #fields: LocalEmbeddingsFields
  readonly #batchSize: number

  /**
   * @param fields the client, the model and what applies to every call
   * @throws {EmbeddingsError} 400 `invalid_value` for a wrong `batchSize`
   */
  constructor(fields: LocalEmbeddingsFields) {
    // LangChain's own caller would retry; what can be retried here, the client does itself.
    super({ maxRetries: 0 })
    const { batchSize = BATCH } = fields
    if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > LARGEST_BATCH) {
      const message = `batchSize must be an integer from 1 to ${String(LARGEST_BATCH)}, got ${String(batchSize)}.`
      throw new EmbeddingsError('invalid_value', message, { param: 'batchSize' })
    }
    this.#fields = fields
    this.#batchSize = batchSize
  }

  /** Vectors of documents, in order. @throws {EmbeddingsError} every failure; the signal's own reason */
  async embedDocuments(documents: string[]): Promise<number[][]> {
    const vectors: number[][] = []
    for (let start = 0; start < documents.length; start += this.#batchSize) {
      vectors.push(...(await this.#embed(documents.slice(start, start + this.#batchSize), 'document')))
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
