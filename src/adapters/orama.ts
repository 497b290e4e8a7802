/** Orama: a plugin that embeds documents when they are inserted and terms when they are searched. */

import type { AnyDocument, AnyOrama, OramaPluginSync, SearchParams } from '@orama/orama'
import type { EmbeddingsClient, InputType } from '../index.ts'

/** Which fields are embedded, by what, and where the vector goes. */
export interface OramaEmbeddingsOptions {
  /** Id or alias, as in `embeddings.create`. */
  model: string
  /** Text fields that are joined and embedded; dots lead into objects. */
  properties: readonly string[]
  /** Field of the schema that takes the vector, declared as `vector[384]` for a model of 384 dimensions. */
  vectorProperty: string
  /** Cut the vectors to this many dimensions. @default the model's width */
  dimensions?: number | undefined
  /** Cut longer documents at the model's limit instead of refusing them. @default false */
  truncate?: boolean | undefined
}

/** The plugin, and a way to embed many documents in few requests. */
export interface OramaEmbeddings extends OramaPluginSync {
  /**
   * Embeds documents before `insertMultiple`, which by itself asks for one vector after another.
   *
   * @returns the same documents, each with its vector
   * @throws {EmbeddingsError} every failure
   */
  fill: <Document extends AnyDocument>(documents: Document[]) => Promise<Document[]>
}

/** Documents of one request. */
const BATCH = 256

/**
 * An Orama plugin on this client. Documents that have a vector already keep it. A search in mode `vector` or `hybrid`
 * needs only its `term`; one that brings its own vector keeps that.
 *
 * @example
 * const plugin = oramaEmbeddings(client, { model: 'all-MiniLM-L6-v2', properties: ['title'], vectorProperty: 'vector' })
 * const db = create({ schema: { title: 'string', vector: 'vector[384]' }, plugins: [plugin] })
 */
export function oramaEmbeddings(client: EmbeddingsClient, options: OramaEmbeddingsOptions): OramaEmbeddings {
  const { model, properties, vectorProperty, dimensions, truncate } = options
  /** Searches whose vector is ours: the same object may come again with another term. */
  const filledSearches = new WeakSet<object>()

  async function embed(input: string[], inputType: InputType): Promise<number[][]> {
    const { data } = await client.embeddings.create({
      model,
      input,
      dimensions,
      truncate,
      input_type: inputType,
    })
    return data.map(({ embedding }) => embedding)
  }

  async function fill<Document extends AnyDocument>(documents: Document[]): Promise<Document[]> {
    const open = documents.filter((document) => fieldOf(document, vectorProperty) === undefined)
    const texts = open.map((document) => textOf(document, properties))
    for (let start = 0; start < open.length; start += BATCH) {
      const vectors = await embed(texts.slice(start, start + BATCH), 'document')
      for (const [index, vector] of vectors.entries()) {
        Object.assign(open[start + index] ?? {}, { [vectorProperty]: vector })
      }
    }
    return documents
  }

  return {
    name: 'browser-embeddings',
    fill,
    // Orama awaits a hook only where it is an `async` function.
    async beforeInsert(_orama: AnyOrama, _id: string, document: AnyDocument) {
      await fill([document])
    },
    // Orama 3.1 never calls it, but without an async one `insertMultiple` does not await `beforeInsert`.
    async beforeInsertMultiple(_orama: AnyOrama, documents: AnyDocument[]) {
      await fill(documents)
    },
    async beforeSearch<T extends AnyOrama>(_orama: T, params: SearchParams<T>) {
      if (params.mode !== 'vector' && params.mode !== 'hybrid') return
      const { term } = params as { term?: string }
      const given = params.vector as { value?: unknown; property?: string } | undefined
      if ((given?.value !== undefined && !filledSearches.has(params)) || term === undefined) return
      const [value = []] = await embed([term], 'query')
      filledSearches.add(params)
      params.vector = { property: given?.property ?? vectorProperty, value }
    },
  }
}

function textOf(document: AnyDocument, properties: readonly string[]): string {
  return properties
    .map((path) => path.split('.').reduce<unknown>(fieldOf, document))
    .filter((value) => typeof value === 'string')
    .join('. ')
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined
}
