/** The service: owns requests, loads, aborts and events; the only state on the worker side besides the store. */

import { parseManifest } from '../models/manifest.ts'
import { isStoragePersisted } from '../models/persisted.ts'
import type { ModelRecipe } from '../models/recipe.ts'
import { ModelRepository } from '../models/repository.ts'
import { EmbeddingsError, type ErrorBody } from '../openai/errors.ts'
import type { EmbeddingCreateParams, Model } from '../openai/types.ts'
import { validateEmbeddingRequest } from '../openai/validate.ts'
import { describeError } from '../rpc/error-codec.ts'
import type {
  BackendAttempt,
  CallOptions,
  EmbeddingsResult,
  ModelStatus,
  ProgressEvent,
  ServiceConfig,
} from '../rpc/protocol.ts'
import { describeModel } from './describe-model.ts'
import { LazyGpu } from './lazy-gpu.ts'
import { loadModel } from './load-model.ts'
import type { LoadedModel } from './loaded-model.ts'
import { openServiceStore } from './open-service-store.ts'
import { cacheStatus, openVectorCache, type OpenedVectorCache } from './open-vector-cache.ts'

/** One model that is loading or up. */
interface ModelEntry {
  readonly loading: Promise<LoadedModel>
  readonly controller: AbortController
  /** Calls that wait for the load; when the last one gives up, the load is aborted. */
  waiters: number
  model: LoadedModel | null
  readonly attempts: BackendAttempt[]
}

/** What stays known of a load that failed. */
interface FailedLoad {
  error: ErrorBody['error']
  attempts: readonly BackendAttempt[]
}

/** Everything behind the facade that the page calls. */
export class EmbeddingService {
  readonly #config: ServiceConfig
  readonly #repository: ModelRepository
  readonly #vectors: OpenedVectorCache
  readonly #emit: (progress: ProgressEvent) => void
  readonly #gpu: LazyGpu
  readonly #entries = new Map<string, ModelEntry>()
  readonly #failures = new Map<string, FailedLoad>()
  readonly #calls = new Map<string, AbortController>()
  #pendingInputs = 0

  private constructor(
    config: ServiceConfig,
    repository: ModelRepository,
    vectors: OpenedVectorCache,
    emit: (progress: ProgressEvent) => void,
  ) {
    this.#config = config
    this.#gpu = new LazyGpu(config)
    this.#repository = repository
    this.#vectors = vectors
    this.#emit = emit
  }

  /** @throws EmbeddingsError `bad_model_file` when a recipe of the page is wrong */
  static async create(
    config: ServiceConfig,
    emit: (progress: ProgressEvent) => void,
    pageStore: MessagePort | null,
  ): Promise<EmbeddingService> {
    const recipes = config.models.map(parseManifest)
    const opened = await openServiceStore(config.storage, pageStore)
    const vectors = await openVectorCache(config.cache)
    const { modelsUrl, aliases, dtype } = config
    const gpu = config.device !== 'wasm' && (navigator as Partial<Navigator>).gpu !== undefined
    const devices = gpu ? (['webgpu', 'wasm'] as const) : (['wasm'] as const)
    const repository = new ModelRepository({ modelsUrl, recipes, aliases, dtype, devices }, opened)
    return new EmbeddingService(config, repository, vectors, emit)
  }

  /** @throws EmbeddingsError of every kind in the contract; the abort's reason after `cancel` */
  async embed(body: EmbeddingCreateParams, call: CallOptions): Promise<EmbeddingsResult> {
    const request = validateEmbeddingRequest(body)
    const inputs = request.input.items.length
    this.#admit(inputs)
    return this.#track(call.callId, async (signal) => {
      try {
        const model = await this.#acquire(request.model, signal)
        let done = 0
        return await model.embed(request, {
          priority: call.priority,
          signal,
          onBatch: (batch) => {
            done += batch.inputs
            if (call.quiet === true) return
            this.#emit({
              type: 'embedded',
              model: model.recipe.id,
              callId: call.callId,
              inputs: done,
              totalInputs: inputs,
              tokens: batch.tokens,
            })
          },
        })
      } finally {
        this.#pendingInputs -= inputs
      }
    })
  }

  #admit(inputs: number): void {
    const { maxPendingInputs } = this.#config
    if (this.#pendingInputs + inputs > maxPendingInputs) {
      throw new EmbeddingsError(
        'queue_full',
        `${String(this.#pendingInputs)} inputs are waiting and ${String(inputs)} more came; the limit is ` +
          `${String(maxPendingInputs)} (option maxPendingInputs).`,
      )
    }
    this.#pendingInputs += inputs
  }

  /** Runs `work` under a signal that `cancel(callId)` aborts. */
  async #track<T>(callId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    this.#calls.set(callId, controller)
    try {
      return await work(controller.signal)
    } finally {
      this.#calls.delete(callId)
    }
  }

  cancel(callId: string): void {
    this.#calls.get(callId)?.abort()
  }

  async load(id: string, call: CallOptions): Promise<ModelStatus> {
    await this.#track(call.callId, (signal) => this.#acquire(id, signal))
    return this.status(id)
  }

  /** The model, loaded once however many ask; the load goes on while anybody still waits for it. */
  async #acquire(asked: string, signal: AbortSignal): Promise<LoadedModel> {
    const id = this.#repository.canonicalId(asked)
    const entry = this.#entry(id)
    if (entry.model !== null) return entry.model
    entry.waiters++
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const abort = (): void => {
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort)
    try {
      signal.throwIfAborted()
      return await Promise.race([entry.loading, aborted])
    } finally {
      signal.removeEventListener('abort', abort)
      entry.waiters--
      if (entry.waiters === 0 && entry.model === null) {
        entry.controller.abort(signal.reason)
        // Forgotten at once: whoever asks next must not join a load that was given up.
        if (this.#entries.get(id) === entry) this.#entries.delete(id)
      }
    }
  }

  #entry(id: string): ModelEntry {
    const existing = this.#entries.get(id)
    if (existing !== undefined) return existing
    const controller = new AbortController()
    const attempts: BackendAttempt[] = []
    const loading = loadModel(id, {
      attempts,
      repository: this.#repository,
      gpu: this.#gpu,
      config: this.#config,
      cache: this.#vectors.cache,
      signal: controller.signal,
      onProgress: this.#emit,
    })
    const entry: ModelEntry = { loading, controller, waiters: 0, model: null, attempts }
    this.#entries.set(id, entry)
    loading.then(
      (model) => {
        entry.model = model
        this.#failures.delete(id)
        if (controller.signal.aborted) model.dispose(`The model ${id} was unloaded.`)
      },
      (error: unknown) => {
        // A failed load is forgotten, so that the next call tries afresh; its error stays readable in `status`.
        if (this.#entries.get(id) === entry) this.#entries.delete(id)
        if (!controller.signal.aborted) this.#failures.set(id, { error: errorOf(error), attempts })
      },
    )
    return entry
  }

  /** @throws EmbeddingsError `model_not_found` */
  async status(id: string): Promise<ModelStatus> {
    const canonical = this.#repository.canonicalId(id)
    const entry = this.#entries.get(canonical)
    const failure = this.#failures.get(canonical) ?? null
    if (entry === undefined && failure === null) await this.retrieve(id)
    const model = entry?.model ?? null
    const { kind, reason } = this.#repository.storage
    return {
      id: canonical,
      state:
        model !== null ? 'ready' : entry !== undefined ? 'loading' : failure !== null ? 'failed' : 'unloaded',
      backend: model?.backend('interactive') ?? null,
      background: model?.backend('background') ?? null,
      attempts: [...(entry?.attempts ?? failure?.attempts ?? [])],
      verdicts: await this.#gpu.verdicts(model?.recipe.path ?? this.#pathOf(canonical)),
      bytes: model?.bytes ?? 0,
      source: model?.source ?? null,
      storage: kind,
      storageReason: reason,
      persisted: kind === 'memory' || kind === 'page' ? null : await isStoragePersisted(),
      cache: await cacheStatus(this.#config.cache, this.#vectors, model?.cache ?? null),
      error: failure?.error ?? null,
    }
  }

  #pathOf(id: string): string {
    return this.#repository.find(id)?.path ?? id
  }

  async list(): Promise<Model[]> {
    const usage = await this.#repository.usage()
    // A model that is up is described by its own manifest, as `retrieve` does.
    return usage.map((use) =>
      describeModel({ ...use, recipe: this.#loadedRecipe(use.recipe.id) ?? use.recipe }),
    )
  }

  /** @throws EmbeddingsError `model_not_found` */
  async retrieve(id: string): Promise<Model> {
    const canonical = this.#repository.canonicalId(id)
    const recipe =
      this.#loadedRecipe(canonical) ??
      this.#repository.find(canonical) ??
      (await this.#repository.resolve(canonical, AbortSignal.any([])))
    return { ...describeModel(await this.#repository.usageOf(recipe)), id: canonical }
  }

  #loadedRecipe(id: string): ModelRecipe | null {
    return this.#entries.get(id)?.model?.recipe ?? null
  }

  /** Frees a model's memory; requests that still wait for it fail with `worker_terminated`. */
  unload(id: string): void {
    const canonical = this.#repository.canonicalId(id)
    const entry = this.#entries.get(canonical)
    if (entry === undefined) return
    this.#entries.delete(canonical)
    const message = `The model ${canonical} was unloaded.`
    if (entry.model === null) entry.controller.abort(new EmbeddingsError('worker_terminated', message))
    else entry.model.dispose(message)
  }

  /** Unloads a model and deletes its stored files and vectors. @throws EmbeddingsError `model_not_found` */
  async delete(id: string): Promise<void> {
    const canonical = this.#repository.canonicalId(id)
    const model = await this.#namesOf(canonical)
    this.unload(id)
    await this.#repository.delete(model)
    await this.#gpu.forget(model.path)
    await this.#vectors.cache?.deleteAll(`${model.id}@`)
  }

  /** Without a request for what is known, up or stored: deleting needs no network. */
  async #namesOf(id: string): Promise<Pick<ModelRecipe, 'id' | 'path'>> {
    const known = this.#loadedRecipe(id) ?? this.#repository.find(id)
    if (known !== undefined) return known
    const { recipe, files } = await this.#repository.usageOf({ id, path: id })
    return files > 0 ? recipe : this.#repository.resolve(id, AbortSignal.any([]))
  }

  close(): void {
    for (const controller of this.#calls.values()) controller.abort()
    for (const id of [...this.#entries.keys()]) this.unload(id)
  }
}

function errorOf(error: unknown): ErrorBody['error'] {
  const known =
    error instanceof EmbeddingsError ? error : new EmbeddingsError('inference_failed', describeError(error))
  return known.toJSON().error
}
