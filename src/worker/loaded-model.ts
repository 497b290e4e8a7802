/** A model that is up: its recipe, tokenizer and inference workers, from a request's inputs to its rows. */

import { embedTokens } from '../engine/embedder.ts'
import { Tokenizer } from '../engine/tokenizer.ts'
import { systemFingerprint } from '../models/fingerprint.ts'
import type { ReadOptions } from '../models/model-files.ts'
import type { ModelRecipe } from '../models/recipe.ts'
import type { ModelRepository } from '../models/repository.ts'
import { encodeBase64Rows } from '../openai/encode.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import type { Priority } from '../openai/types.ts'
import type { EmbeddingRequest } from '../openai/validate.ts'
import type {
  BackendAttempt,
  BackendStatus,
  DeviceOption,
  EmbeddingsResult,
  ProgressEvent,
  ServiceConfig,
} from '../rpc/protocol.ts'
import { findUnusableRow } from '../vectors/normalize.ts'
import { truncateRows } from '../vectors/truncate.ts'
import { roleOf } from './backend-choice.ts'
import { DownloadProgress } from './download-progress.ts'
import type { LazyGpu } from './lazy-gpu.ts'
import { ModelBackends } from './model-backends.ts'
import { ModelVectorCache } from './model-vector-cache.ts'
import type { VectorCache } from './vector-cache.ts'

/** Padded tokens of a batch: what was fastest on WASM (design.md §4); a GPU wants more work at a time. */
const BATCH_LIMITS = {
  wasm: { paddedTokens: 512, rows: 64 },
  webgpu: { paddedTokens: 4096, rows: 64 },
} as const

/** Milliseconds of tokenizing after which the worker looks at its messages again. */
const TOKENIZE_SLICE = 16

export interface LoadContext {
  repository: ModelRepository
  config: ServiceConfig
  /** Null: every vector is computed. */
  cache: VectorCache | null
  gpu: LazyGpu
  /** Gets an entry for every backend tried or passed over, also after the load. */
  attempts: BackendAttempt[]
  signal: AbortSignal
  onProgress: (progress: ProgressEvent) => void
}

export interface EmbedCall {
  priority: Priority
  signal: AbortSignal
  onBatch: (done: { inputs: number; tokens: number }) => void
}

/** One model on one backend; made by `load`, ended by `dispose`. */
export class LoadedModel {
  readonly recipe: ModelRecipe
  readonly bytes: number
  readonly source: 'network' | 'store'
  readonly cache: ModelVectorCache | null
  readonly #tokenizer: Tokenizer
  readonly #backends: ModelBackends

  private constructor(
    recipe: ModelRecipe,
    tokenizer: Tokenizer,
    backends: ModelBackends,
    cache: VectorCache | null,
    files: { bytes: number; source: 'network' | 'store' },
  ) {
    this.recipe = recipe
    this.bytes = files.bytes
    this.source = files.source
    this.#tokenizer = tokenizer
    this.#backends = backends
    this.cache = cache === null ? null : new ModelVectorCache(cache)
  }

  /** Reads the files, chooses a backend and starts its first worker. @throws EmbeddingsError; the signal's reason */
  static async load(id: string, context: LoadContext): Promise<LoadedModel> {
    const { repository, config, signal, onProgress } = context
    const recipe = await repository.resolve(id, signal)
    const progress = new DownloadProgress(recipe, onProgress)
    progress.expect(['tokenizer.json', 'tokenizer_config.json', likelyGraph(recipe, config.device)])
    const read = (path: string) => ({ signal, onProgress: progress.of(path) })
    const tokenizing = readTokenizer(repository, recipe, read)
    // Awaited below, beside the first worker; until then a failure must not count as unhandled.
    tokenizing.catch(() => undefined)
    const backends = await ModelBackends.start({
      recipe,
      config,
      signal,
      attempts: context.attempts,
      encode: async (text) => (await tokenizing).encodeText(text, { truncate: true, item: 'input' }),
      openTrial: (options) => context.gpu.openTrial(options),
      readModel: async (variant, signal) => {
        const readPart = async (path: string): Promise<ArrayBuffer> => {
          const file = await repository.readFile(recipe, path, { ...read(path), signal })
          progress.noteSource(file.source)
          return file.bytes
        }
        const folder = variant.file.slice(0, variant.file.lastIndexOf('/') + 1)
        const externalData = await Promise.all(
          variant.externalData.map(async (path) => ({
            // A graph names its weights as they lie beside it.
            path: path.startsWith(folder) ? path.slice(folder.length) : path,
            data: await readPart(path),
          })),
        )
        // The graph last: where a folder tells no list of its files, a stored graph stands for a model that is whole.
        return { model: await readPart(variant.file), externalData }
      },
      onPhase: (type, device) => {
        onProgress({ type, model: recipe.id, device })
      },
      onTakeover: (device) => {
        onProgress({ type: 'ready', model: recipe.id, device })
      },
    })
    let tokenizer: Tokenizer
    try {
      tokenizer = await tokenizing
      signal.throwIfAborted()
    } catch (error) {
      backends.close(new EmbeddingsError('worker_terminated', 'The model could not be loaded.'))
      throw error
    }
    onProgress({ type: 'ready', model: recipe.id, device: backends.device('interactive') })
    const files = { bytes: progress.bytes, source: progress.source }
    return new LoadedModel(recipe, tokenizer, backends, context.cache, files)
  }

  /** The session that serves such requests; null while it is being started. */
  backend(role: Priority): BackendStatus | null {
    return this.#backends.status(role)
  }

  /** Answers one checked request. @throws EmbeddingsError; the signal's reason */
  async embed(request: EmbeddingRequest, call: EmbedCall): Promise<EmbeddingsResult> {
    const dimensions = checkDimensions(this.recipe, request.dimensions)
    const texts = await this.#tokenize(request, call.signal)
    const fingerprint = systemFingerprint(this.recipe, this.#dtype, request.inputType, dimensions)
    const compute = (some: readonly Int32Array[]) => this.#compute(some, dimensions, call)
    const rows =
      this.cache === null
        ? await compute(texts)
        : await this.cache.rows(fingerprint, texts, { dimensions, compute, onHits: call.onBatch })
    return {
      model: this.recipe.id,
      fingerprint,
      promptTokens: texts.reduce((sum, text) => sum + text.length, 0),
      vectors:
        request.encodingFormat === 'base64'
          ? { format: 'base64', rows: encodeBase64Rows(rows, dimensions) }
          : { format: 'float', rows, dimensions },
    }
  }

  /** Rows of the texts at the given dimensions, in their order. */
  async #compute(texts: readonly Int32Array[], dimensions: number, call: EmbedCall): Promise<Float32Array> {
    const width = this.recipe.dimensions[0] ?? 0
    const role = roleOf(call.priority, texts.length)
    const matrix = await embedTokens(texts, {
      width,
      limits: BATCH_LIMITS[this.#backends.device(role)],
      runBatch: (batch) => this.#backends.run(role, batch, call.priority, call.signal),
      onBatch: call.onBatch,
    })
    return dimensions === width ? matrix : shorten(matrix, width, dimensions)
  }

  /** Ends the inference workers and fails what waits. */
  dispose(reason: string): void {
    this.#backends.close(new EmbeddingsError('worker_terminated', reason))
  }

  get #dtype(): string {
    return this.#backends.status('background')?.dtype ?? this.recipe.variants[0]?.dtype ?? ''
  }

  async #tokenize(request: EmbeddingRequest, signal: AbortSignal): Promise<Int32Array[]> {
    const { input, truncate, inputType } = request
    const prompt = inputType === undefined ? '' : (this.recipe.prompts[inputType] ?? '')
    const texts: Int32Array[] = []
    let sliceEnd = performance.now() + TOKENIZE_SLICE
    for (let index = 0; index < input.items.length; index++) {
      const options = { truncate, item: input.lone ? 'input' : `input[${String(index)}]` }
      texts.push(
        input.kind === 'text'
          ? this.#tokenizer.encodeText(prompt + (input.items[index] ?? ''), options)
          : this.#tokenizer.encodeTokens(input.items[index] ?? [], { ...options, prompt }),
      )
      if (performance.now() > sliceEnd) {
        await new Promise((resolve) => setTimeout(resolve, 0))
        signal.throwIfAborted()
        sliceEnd = performance.now() + TOKENIZE_SLICE
      }
    }
    return texts
  }
}

/** The graph that will be read unless the backend turns out otherwise, for the size of the whole download. */
function likelyGraph(recipe: ModelRecipe, device: DeviceOption): string {
  const { variants } = recipe
  const variant = variants.find((candidate) => candidate.device === (device === 'wasm' ? 'wasm' : 'webgpu'))
  return (variant ?? variants[0])?.file ?? ''
}

async function readTokenizer(
  repository: ModelRepository,
  recipe: ModelRecipe,
  read: (path: string) => ReadOptions,
): Promise<Tokenizer> {
  const [json, config] = await Promise.all([
    repository.readJson(recipe, 'tokenizer.json', read('tokenizer.json')),
    repository.readJson(recipe, 'tokenizer_config.json', read('tokenizer_config.json')),
  ])
  return new Tokenizer(json, config, recipe)
}

/** Cut and normalised rows; the part that is kept may have no direction though the whole vector has one. */
function shorten(matrix: Float32Array, width: number, dimensions: number): Float32Array {
  const rows = truncateRows(matrix, width, dimensions)
  const bad = findUnusableRow(rows, dimensions)
  if (bad < 0) return rows
  const param = `input[${String(bad)}]`
  throw new EmbeddingsError(
    'invalid_output',
    `The first ${String(dimensions)} dimensions of the vector for ${param} are all zero.`,
    { param },
  )
}

function checkDimensions(recipe: ModelRecipe, asked: number | undefined): number {
  const supported = recipe.dimensions
  if (asked === undefined) return supported[0] ?? 0
  if (supported.length < 2) {
    throw new EmbeddingsError(
      'unsupported_value',
      `The model ${recipe.id} does not support dimensions; its vectors have ${String(supported[0])}. Got ${String(asked)}.`,
      { param: 'dimensions' },
    )
  }
  if (!supported.includes(asked)) {
    throw new EmbeddingsError(
      'invalid_value',
      `dimensions must be one of ${supported.join(', ')} for the model ${recipe.id}; got ${String(asked)}.`,
      { param: 'dimensions' },
    )
  }
  return asked
}
