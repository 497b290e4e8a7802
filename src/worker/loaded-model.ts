/** A model that is up: its recipe, tokenizer and inference workers, from a request's inputs to its rows. */

import { cpuLayout } from '../engine/backend.ts'
import { Tokenizer } from '../engine/tokenizer.ts'
import type { ModelRecipe } from '../models/recipe.ts'
import type { ModelRepository } from '../models/repository.ts'
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
import { roleOf } from './backend-choice.ts'
import { DownloadProgress } from './download-progress.ts'
import { batchLimits, embedRequest, type EmbedCall } from './embed-request.ts'
import type { LazyGpu } from './lazy-gpu.ts'
import { ModelBackends } from './model-backends.ts'
import type { ModelVectorCache } from './model-vector-cache.ts'
import type { OpenedVectorCache } from './open-vector-cache.ts'

export interface LoadContext {
  repository: ModelRepository
  config: ServiceConfig
  /** Null: every vector is computed. */
  openCache: OpenedVectorCache['forModel']
  gpu: LazyGpu
  /** Gets an entry for every backend tried or passed over, also after the load. */
  attempts: BackendAttempt[]
  signal: AbortSignal
  onProgress: (progress: ProgressEvent) => void
}

const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json'] as const

/** One model on one backend; made by `load`, ended by `dispose`. */
export class LoadedModel {
  readonly recipe: ModelRecipe
  readonly bytes: number
  readonly source: 'network' | 'store'
  readonly cache: ModelVectorCache | null
  readonly #tokenizer: Tokenizer
  readonly #config: ServiceConfig
  readonly #backends: ModelBackends

  private constructor(
    recipe: ModelRecipe,
    tokenizer: Tokenizer,
    backends: ModelBackends,
    { config, openCache }: LoadContext,
    files: { bytes: number; source: 'network' | 'store' },
  ) {
    this.recipe = recipe
    this.bytes = files.bytes
    this.source = files.source
    this.#tokenizer = tokenizer
    this.#config = config
    this.#backends = backends
    this.cache = openCache?.() ?? null
  }

  /** Reads the files, chooses a backend and starts its first worker. @throws EmbeddingsError; the signal's reason */
  static async load(id: string, context: LoadContext): Promise<LoadedModel> {
    const { repository, config, signal, onProgress } = context
    context.gpu.prepare()
    const recipe = await repository.resolve(id, signal)
    const progress = new DownloadProgress(recipe, onProgress)
    progress.expect([...TOKENIZER_FILES, likelyGraph(recipe, config.device)])
    const read = (path: string) => ({ signal, onProgress: progress.of(path) })
    const readingTokenizer = Promise.all(
      TOKENIZER_FILES.map((path) => repository.readJson(recipe, path, read(path))),
    )
    let tokenizing: Promise<Tokenizer> | undefined
    const tokenize = (): Promise<Tokenizer> =>
      (tokenizing ??= readingTokenizer.then(([json, config]) => new Tokenizer(json, config, recipe)))
    // Awaited below, beside the first worker; until then a failure must not count as unhandled.
    readingTokenizer.catch(() => undefined)
    const backends = await ModelBackends.start({
      recipe,
      config,
      signal,
      attempts: context.attempts,
      encode: async (text) => (await tokenize()).encodeText(text, { truncate: true, item: 'input' }),
      openTrial: (options) => context.gpu.openTrial(options),
      readModel: async (variant, signal) => {
        const readPart = async (path: string): Promise<ArrayBuffer> => {
          const file = await repository.readFile(recipe, path, { ...read(path), signal })
          if (file.source === 'network') progress.source = 'network'
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
        const model = await readPart(variant.file)
        // While the inference worker takes it in: before that, it would hold up the start of that worker.
        setTimeout(() => {
          tokenize().catch(() => undefined)
        })
        return { model, externalData }
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
      tokenizer = await tokenize()
      signal.throwIfAborted()
    } catch (error) {
      backends.close(new EmbeddingsError('worker_terminated', 'The model could not be loaded.'))
      throw error
    }
    onProgress({ type: 'ready', model: recipe.id, device: backends.device('interactive') })
    const files = { bytes: progress.bytes, source: progress.source }
    return new LoadedModel(recipe, tokenizer, backends, context, files)
  }

  /** The session that serves such requests; null while it is being started. */
  backend(role: Priority): BackendStatus | null {
    return this.#backends.status(role)
  }

  /** Answers one checked request. @throws EmbeddingsError; the signal's reason */
  async embed(request: EmbeddingRequest, call: EmbedCall): Promise<EmbeddingsResult> {
    const role = roleOf(call.priority, request.input.items.length)
    const space = this.#backends.space
    let sameSpace = true
    const answer = embedRequest(request, call, {
      recipe: this.recipe,
      tokenizer: this.#tokenizer,
      cache: this.cache,
      dtype: space,
      limits: batchLimits(this.#backends.status(role)),
      lanes: this.#lanes,
      runBatch: async (batch) => {
        const rows = await this.#backends.run(role, batch, call.priority, call.signal)
        sameSpace &&= this.#backends.space === space
        if (sameSpace) return rows
        // Caught below.
        throw new EmbeddingsError('inference_failed', '')
      },
    })
    // The CPU took over from a GPU that had other weights: rows of both must not stand in one answer, nor in the cache.
    return answer.catch((error: unknown) => {
      if (sameSpace) throw error
      return this.embed(request, call)
    })
  }

  /** One more than the most workers that there can be: see `EmbedOptions.lanes`. */
  get #lanes(): number {
    return cpuLayout(navigator.hardwareConcurrency, false, this.#config).workers + 1
  }

  /** Ends the inference workers and fails what waits. */
  dispose(reason: string): void {
    this.#backends.close(new EmbeddingsError('worker_terminated', reason))
  }
}

/** The graph that will be read unless the backend turns out otherwise, for the size of the whole download. */
function likelyGraph(recipe: ModelRecipe, device: DeviceOption): string {
  const { variants } = recipe
  const variant = variants.find((candidate) => candidate.device === (device === 'webgpu' ? 'webgpu' : 'wasm'))
  return (variant ?? variants[0])?.file ?? ''
}
