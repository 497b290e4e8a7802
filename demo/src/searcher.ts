/** A query to hits: one vector, compared with the corpus, the user's own text, or both. */

import { splitText, VectorIndex, type Span } from 'browser-embeddings/search'
import type { Corpus, CorpusPassage } from './corpus.ts'
import type { Embedded, Engine } from './engine.ts'
import type { OwnPassage, OwnText } from './own-text.ts'

export type Source = 'corpus' | 'own' | 'both'

export type Hit = { score: number } & (
  { source: 'corpus'; passage: CorpusPassage } | { source: 'own'; passage: OwnPassage }
)

export interface SearchResult {
  query: string
  hits: Hit[]
  /** Whether there are more than were asked for. */
  more: boolean
  embedMs: number
  searchMs: number
  tokens: number
  /** Passages that were compared. */
  compared: number
}

/** The sentence of each hit that is nearest to the query; null where the passage has only one. */
export interface Nearest {
  spans: (Span | null)[]
  tokens: number
  ms: number
}

export interface SearchRequest {
  query: string
  source: Source
  dimensions: number
  topK: number
  signal: AbortSignal
}

export class Searcher {
  readonly #engine: Engine
  readonly #corpus: Promise<Corpus>
  readonly #own: OwnText
  /** The last query's vector: another source or more results need no new one. */
  #last: { query: string; dimensions: number; embedded: Embedded } | undefined

  constructor(engine: Engine, corpus: Promise<Corpus>, own: OwnText) {
    this.#engine = engine
    this.#corpus = corpus
    this.#own = own
  }

  /** @throws the signal's reason; an EmbeddingsError; why the corpus could not be loaded */
  async search({ query, source, dimensions, topK, signal }: SearchRequest): Promise<SearchResult> {
    const corpus = source === 'own' ? undefined : await this.#corpus
    signal.throwIfAborted()
    const { vectors, fingerprint, ms, tokens } = await this.#embedQuery(query, dimensions, signal)
    const [vector = []] = vectors

    const started = performance.now()
    const hits: Hit[] = []
    let compared = 0
    if (corpus !== undefined) {
      compared += corpus.header.count
      for (const { index, score } of await corpus.search(vector, fingerprint, topK + 1)) {
        hits.push({ source: 'corpus', score, passage: corpus.passage(index) })
      }
    }
    const own = source === 'corpus' ? undefined : this.#own.index
    if (own !== undefined) {
      compared += this.#own.documents.reduce((sum, { embedded }) => sum + embedded, 0)
      const filter = (index: number): boolean => this.#own.has(index)
      for (const { index, score } of own.search(vector, { fingerprint, topK: topK + 1, filter })) {
        hits.push({ source: 'own', score, passage: this.#own.passage(index) })
      }
    }
    signal.throwIfAborted()
    hits.sort((a, b) => b.score - a.score)
    const searchMs = performance.now() - started
    return {
      query,
      hits: hits.slice(0, topK),
      more: hits.length > topK,
      embedMs: ms,
      searchMs,
      tokens,
      compared,
    }
  }

  /**
   * For each hit the sentence nearest to the query, where the passage has more than one. Embeds the sentences, so it
   * runs in the background and after the results are shown.
   */
  async nearestSentences(result: SearchResult, dimensions: number, signal: AbortSignal): Promise<Nearest> {
    const { vectors, fingerprint } = await this.#embedQuery(result.query, dimensions, signal)
    const [query = []] = vectors
    const sentences = result.hits.map((hit) =>
      splitText(textOf(hit), { targetLength: 1, maxLength: 1200, locale: 'en' }),
    )
    const all = await this.#engine.embed(
      sentences.flat().map(({ text }) => text),
      { dimensions, signal, priority: 'background' },
    )
    let first = 0
    const spans = sentences.map((spans) => {
      const own = all.vectors.slice(first, first + spans.length)
      first += spans.length
      if (spans.length < 2) return null
      const index = new VectorIndex({ dimensions, fingerprint })
      for (const vector of own) index.add(vector, all.fingerprint)
      const [best] = index.search(query, { fingerprint, topK: 1 })
      return best === undefined ? null : (spans[best.index] ?? null)
    })
    return { spans, tokens: all.tokens, ms: all.ms }
  }

  /** Another backend must compute its own vector. */
  forget(): void {
    this.#last = undefined
  }

  async #embedQuery(query: string, dimensions: number, signal: AbortSignal): Promise<Embedded> {
    const last = this.#last
    if (last?.query === query && last.dimensions === dimensions) return last.embedded
    const embedded = await this.#engine.embed([query], { dimensions, signal })
    this.#last = { query, dimensions, embedded }
    return embedded
  }
}

/** The passage of a hit. */
export function textOf({ source, passage }: Hit): string {
  return source === 'own' ? passage.text : passage.address.text.slice(passage.start, passage.end)
}
