/** The service: owns requests, loads, aborts and events; the only state on the worker side besides the store. */

import { parseManifest } from '../models/manifest.ts'
import { isStoragePersisted } from '../models/persisted.ts'
import type { ModelRecipe } from '../models/recipe.ts'
import { ModelRepository } from '../models/repository.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import type { EmbeddingCreateParams, Model } from '../openai/types.ts'
import { validateEmbeddingRequest } from '../openai/validate.ts'
import type {
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
import { ModelLoads } from './model-loads.ts'
import { openServiceStore } from './open-service-store.ts'
import { cacheStatus, openVectorCache, type OpenedVectorCache } from './open-vector-cache.ts'

/** Everything behind the facade that the page calls. */
export class EmbeddingService {
  readonly #config: ServiceConfig
  readonly #repository: ModelRepository
  readonly #vectors: OpenedVectorCache
  readonly #emit: (progress: ProgressEvent) => void
  readonly #gpu: LazyGpu
  readonly #loads: ModelLoads
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
    this.#loads = new ModelLoads((id, attempts, signal) =>
      loadModel(id, {
        attempts,
        repository,
        gpu: this.#gpu,
        config,
        openCache: vectors.forModel,
        signal,
        onProgress: emit,
      }),
    )
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
              // Some may have been computed again, by another backend.
              inputs: Math.min(done, inputs),
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

  #acquire(id: string, signal: AbortSignal): Promise<LoadedModel> {
    return this.#loads.acquire(this.#repository.canonicalId(id), signal)
  }

  /** @throws EmbeddingsError `model_not_found` */
  async status(id: string): Promise<ModelStatus> {
    const canonical = this.#repository.canonicalId(id)
    if (this.#loads.stateOf(canonical).state === 'unloaded') await this.retrieve(id)
    const { state, model, attempts, error } = this.#loads.stateOf(canonical)
    const { kind, reason } = this.#repository.storage
    return {
      id: canonical,
      state,
      backend: model?.backend('interactive') ?? null,
      background: model?.backend('background') ?? null,
      attempts: [...attempts],
      verdicts: await this.#gpu.verdicts(model?.recipe.path ?? this.#pathOf(canonical)),
      bytes: model?.bytes ?? 0,
      source: model?.source ?? null,
      storage: kind,
      storageReason: reason,
      persisted: kind === 'memory' || kind === 'page' ? null : await isStoragePersisted(),
      cache: await cacheStatus(this.#config.cache, this.#vectors, model?.cache ?? null),
      error,
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
    return this.#loads.stateOf(id).model?.recipe ?? null
  }

  /** Frees a model's memory; requests that still wait for it fail with `worker_terminated`. */
  unload(id: string): void {
    this.#loads.unload(this.#repository.canonicalId(id))
  }

  /** Unloads a model and deletes its stored files and vectors. @throws EmbeddingsError `model_not_found` */
  async delete(id: string): Promise<void> {
    const canonical = this.#repository.canonicalId(id)
    const model = await this.#namesOf(canonical)
    this.unload(id)
    this.#loads.unloadFolder(model.path)
    await this.#repository.delete(model)
    await this.#vectors.cache?.deleteAll(`${model.path}@`)
    await this.#gpu.forget(model.path)
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
    this.#loads.unloadAll()
  }
}
