/** The user's own documents: cut, embedded and indexed in this tab, and kept nowhere else. */

import { passagesOf, VectorIndex, type Passage } from 'browser-embeddings/search'
import { Slices } from './dom.ts'
import type { Embedded, Engine } from './engine.ts'

export interface OwnDocument {
  id: number
  name: string
  text: string
  /** Passages that the text has. */
  passages: number
  /** Of those, how many are searchable: all, unless the user cancelled. */
  embedded: number
}

export interface OwnPassage extends Passage {
  document: OwnDocument
  /** Position in the document, from 0. */
  position: number
}

export interface JobProgress {
  name: string
  done: number
  total: number
  tokens: number
  /** Since the first passage went to the engine. */
  seconds: number
  /** More passages became searchable. */
  searchable: boolean
}

/** A few batches' worth: what is done becomes searchable at once, and a query waits for one batch at most. */
const PASSAGES_PER_CALL = 32

/** Characters; about 110 words. Shorter than the corpus's: notes change their topic more often than speeches. */
const PASSAGE_LENGTH = 600

export class OwnText {
  readonly #engine: Engine
  #documents: OwnDocument[] = []
  #passages: OwnPassage[] = []
  #index: VectorIndex | undefined
  #nextId = 1

  constructor(engine: Engine) {
    this.#engine = engine
  }

  get documents(): readonly OwnDocument[] {
    return this.#documents
  }

  /** Undefined until something is embedded. Rows are passages; some may belong to documents that were removed. */
  get index(): VectorIndex | undefined {
    return this.#index
  }

  /** Whether a row still belongs to a document. */
  has(index: number): boolean {
    const passage = this.#passages[index]
    return passage !== undefined && this.#documents.includes(passage.document)
  }

  passage(index: number): OwnPassage {
    const passage = this.#passages[index]
    if (passage === undefined) throw new RangeError(`There is no passage ${String(index)}.`)
    return passage
  }

  /**
   * Embeds one document; what is done stays searchable when it is cancelled or fails.
   *
   * @throws the signal's reason; an EmbeddingsError
   */
  async add(
    name: string,
    text: string,
    signal: AbortSignal,
    onProgress: (progress: JobProgress) => void,
  ): Promise<OwnDocument> {
    const document: OwnDocument = { id: this.#nextId++, name, text, passages: 0, embedded: 0 }
    const passages: OwnPassage[] = []
    const slices = new Slices()
    for (const passage of passagesOf(text, { targetLength: PASSAGE_LENGTH })) {
      passages.push({ ...passage, document, position: passages.length })
      await slices.rest()
      signal.throwIfAborted()
    }
    document.passages = passages.length
    await this.#embed(document, passages, signal, onProgress)
    return document
  }

  remove(document: OwnDocument): void {
    this.#documents = this.#documents.filter((other) => other !== document)
    if (this.#documents.length > 0) return
    this.#index = undefined
    this.#passages = []
  }

  async #embed(
    document: OwnDocument,
    passages: readonly OwnPassage[],
    signal: AbortSignal,
    onProgress: (progress: JobProgress) => void,
  ): Promise<void> {
    const total = passages.length
    let tokens = 0
    onProgress({ name: document.name, done: 0, total, tokens, seconds: 0, searchable: false })
    await this.#engine.ready
    const started = performance.now()
    for (let done = 0; done < total; done += PASSAGES_PER_CALL) {
      const part = passages.slice(done, done + PASSAGES_PER_CALL)
      const report = (inputs: number, newTokens: number, searchable = false): void =>
        onProgress({
          name: document.name,
          done: done + inputs,
          total,
          tokens: tokens + newTokens,
          seconds: (performance.now() - started) / 1000,
          searchable,
        })
      const { vectors, fingerprint, tokens: used } = await this.#embedPart(part, signal, report)
      if (!this.#documents.includes(document)) this.#documents = [...this.#documents, document]
      this.#index ??= new VectorIndex({ dimensions: 384, fingerprint })
      for (const vector of vectors) this.#index.add(vector, fingerprint)
      this.#passages.push(...part)
      document.embedded += part.length
      report(part.length, used, true)
      tokens += used
    }
  }

  async #embedPart(
    part: readonly OwnPassage[],
    signal: AbortSignal,
    report: (inputs: number, tokens: number) => void,
  ): Promise<Embedded> {
    const { generation } = this.#engine
    try {
      return await this.#engine.embed(
        part.map(({ text }) => text),
        {
          dimensions: 384,
          priority: 'background',
          signal,
          onProgress: ({ inputs, tokens }) => report(inputs, tokens),
        },
      )
    } catch (error) {
      // The user chose another backend meanwhile: that one does it.
      if (generation === this.#engine.generation || signal.aborted) throw error
      return this.#embedPart(part, signal, report)
    }
  }
}
