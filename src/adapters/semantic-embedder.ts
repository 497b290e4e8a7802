/**
 * The shape of Chrome's proposed `SemanticEmbedder` (explainers-by-googlers/embedding-api), on a model of this client:
 * code written for it runs in browsers that lack it.
 */

import {
  EmbeddingsError,
  type EmbeddingsClient,
  type InputType,
  type ProgressEvent as Progress,
} from '../index.ts'

/** The prompts of a text, by what it is for. */
export type EmbedderTaskType =
  'semantic-similarity' | 'retrieval-query' | 'retrieval-document' | 'classification' | 'clustering'

/** What `availability` answers. */
export type EmbedderAvailability = 'unavailable' | 'downloadable' | 'downloading' | 'available'

/** Options of `create`. */
export interface SemanticEmbedderCreateOptions {
  /** Aborts the creation, and later destroys the embedder. */
  signal?: AbortSignal | undefined
  /** Hears `downloadprogress`, whose `loaded` goes from 0 to 1. */
  monitor?: ((monitor: EventTarget) => void) | undefined
}

/** Options of `embed`. */
export interface SemanticEmbedderEmbedOptions {
  /** @default none: the text as it is */
  taskType?: EmbedderTaskType | undefined
  signal?: AbortSignal | undefined
}

/** What `embed` answers. */
export interface SemanticEmbedderResult {
  embeddings: { values: Float32Array; statistics: { tokenCount: number; truncated: boolean } }[]
  metadata: { embeddingSpace: string; maxInputTokens: number }
}

/** One embedder. */
export interface SemanticEmbedderInstance {
  /** Texts over the model's limit are cut, and marked so. @throws {TypeError} for an unknown `taskType` */
  embed(
    input: string | readonly string[],
    options?: SemanticEmbedderEmbedOptions,
  ): Promise<SemanticEmbedderResult>
  /** Ends calls that run; later ones reject with an `AbortError`. The model stays loaded for the client. */
  destroy(): void
}

/** What stands for the global `SemanticEmbedder`. */
export interface SemanticEmbedderConstructor {
  readonly prototype: SemanticEmbedderInstance
  [Symbol.hasInstance](value: unknown): boolean
  availability(): Promise<EmbedderAvailability>
  create(options?: SemanticEmbedderCreateOptions): Promise<SemanticEmbedderInstance>
}

const INPUT_TYPES: Readonly<Record<EmbedderTaskType, InputType>> = {
  'semantic-similarity': 'similarity',
  'retrieval-query': 'query',
  'retrieval-document': 'document',
  classification: 'classification',
  clustering: 'clustering',
}

/**
 * A `SemanticEmbedder` on one model of this client.
 *
 * @param client embeds
 * @param options `model`: id or alias; `dimensions`: cut the vectors
 * @example
 * globalThis.SemanticEmbedder ??= createSemanticEmbedder(client, { model: 'all-MiniLM-L6-v2' })
 */
export function createSemanticEmbedder(
  client: EmbeddingsClient,
  options: { model: string; dimensions?: number | undefined },
): SemanticEmbedderConstructor {
  const { model } = options
  return class SemanticEmbedder extends Embedder {
    static async availability(): Promise<EmbedderAvailability> {
      try {
        const { state, error } = await client.models.status(model)
        if (state === 'ready') return 'available'
        if (state === 'loading') return 'downloading'
        return error?.code === 'unsupported_environment' ? 'unavailable' : 'downloadable'
      } catch (error) {
        if (error instanceof EmbeddingsError && error.code === 'model_not_found') return 'unavailable'
        throw error
      }
    }

    static async create({ signal, monitor }: SemanticEmbedderCreateOptions = {}): Promise<SemanticEmbedder> {
      const report = monitor === undefined ? undefined : progressReporter(monitor)
      const { backend } = await client.models.load(model, { signal, onProgress: report?.hear })
      report?.finish()
      const embedder = new SemanticEmbedder(client, options, backend?.maxTokens ?? 0)
      signal?.addEventListener('abort', () => embedder.end(signal.reason), { once: true })
      return embedder
    }
  }
}

class Embedder implements SemanticEmbedderInstance {
  readonly #client: EmbeddingsClient
  readonly #model: { model: string; dimensions?: number | undefined }
  readonly #maxInputTokens: number
  readonly #destruction = new AbortController()

  constructor(
    client: EmbeddingsClient,
    model: { model: string; dimensions?: number | undefined },
    maxInputTokens: number,
  ) {
    this.#client = client
    this.#model = model
    this.#maxInputTokens = maxInputTokens
  }

  async embed(
    input: string | readonly string[],
    { taskType, signal }: SemanticEmbedderEmbedOptions = {},
  ): Promise<SemanticEmbedderResult> {
    if (taskType !== undefined && !Object.hasOwn(INPUT_TYPES, taskType)) {
      throw new TypeError(`The provided value '${taskType}' is not a valid taskType.`)
    }
    const inputType = taskType === undefined ? undefined : INPUT_TYPES[taskType]
    const signals = signal === undefined ? [this.#destruction.signal] : [this.#destruction.signal, signal]
    const any = AbortSignal.any(signals)
    const texts = typeof input === 'string' ? [input] : input
    // One request a text, because the result says of each how many tokens it has.
    const rows = await Promise.all(texts.map((text) => this.#embedOne(text, inputType, any)))
    const space = rows[0]?.space ?? (await this.#embedOne('a', inputType, any)).space
    return {
      embeddings: rows.map(({ values, statistics }) => ({ values, statistics })),
      metadata: { embeddingSpace: space, maxInputTokens: this.#maxInputTokens },
    }
  }

  async #embedOne(text: string, inputType: InputType | undefined, signal: AbortSignal) {
    const ask = async (truncate: boolean) => {
      const body = { ...this.#model, input: text, input_type: inputType, truncate }
      const { data, usage, system_fingerprint: space } = await this.#client.embeddings.create(body, { signal })
      const values = Float32Array.from(data[0]?.embedding ?? [])
      return { values, statistics: { tokenCount: usage.prompt_tokens, truncated: truncate }, space }
    }
    try {
      return await ask(false)
    } catch (error) {
      if (!(error instanceof EmbeddingsError) || error.code !== 'context_length_exceeded') throw error
      return ask(true)
    }
  }

  destroy(): void {
    this.end(new DOMException('The embedder has been destroyed.', 'AbortError'))
  }

  end(reason: unknown): void {
    this.#destruction.abort(reason)
  }
}

/** Tells a monitor of bytes as fractions of 1, from 0 to 1, each higher than the one before. */
function progressReporter(monitor: (monitor: EventTarget) => void) {
  const target = new EventTarget()
  let last = -1
  const tell = (loaded: number): void => {
    if (loaded <= last) return
    last = loaded
    target.dispatchEvent(new ProgressEvent('downloadprogress', { loaded, total: 1, lengthComputable: true }))
  }
  monitor(target)
  tell(0)
  return {
    hear: (progress: Progress): void => {
      // The sum is not complete before the last file is known; 1 is told at the end.
      if (progress.type !== 'download' || progress.totalAll === 0) return
      tell(Math.min(progress.loadedAll / progress.totalAll, 0.99))
    },
    finish: () => {
      tell(1)
    },
  }
}
