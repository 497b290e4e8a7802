/** The workers of one device, and the queue that they serve. */

import type { TokenBatch } from '../engine/batch.ts'
import { nativeWidth, type Device, type ModelRecipe } from '../models/recipe.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import type { Priority } from '../openai/types.ts'
import type { BackendStatus } from '../rpc/protocol.ts'
import { BackendLadder, type ChosenBackend, type LadderOptions } from './backend-ladder.ts'
import type { Rung } from './backend-rungs.ts'
import { InferencePool } from './inference-pool.ts'
import type { InferenceSlot } from './inference-slot.ts'

export interface LaneOptions extends Omit<LadderOptions, 'onLost' | 'hasWorkers'> {
  /** Called when a worker died or its GPU was lost; the lane goes on with others. */
  onLost: (error: EmbeddingsError) => void
}

/** Backends of one device behind one queue. Workers start when the first batch comes, or with `start`. */
export class BackendLane {
  readonly device: Device
  readonly #ladder: BackendLadder
  #pool: InferencePool
  #running = 0
  #resting = false

  /** @param rungs at least one, all of the device */
  constructor(device: Device, rungs: readonly Rung[], options: LaneOptions) {
    this.device = device
    this.#ladder = new BackendLadder(rungs, {
      ...options,
      onLost: (slot, error) => {
        // Before the next worker starts, the caller may close the lane.
        options.onLost(error)
        this.#pool.drop(slot)
      },
      hasWorkers: () => this.workers > 0,
    })
    this.#pool = this.#makePool()
  }

  #makePool(): InferencePool {
    return new InferencePool({
      startSlot: () => this.#ladder.startSlot(),
      size: () => this.#ladder.workers,
    })
  }

  /** Null until a session has passed its test. */
  get chosen(): ChosenBackend | null {
    return this.#ladder.chosen
  }

  /** Weight format of what runs, or will run. */
  get dtype(): string {
    return this.#ladder.dtype
  }

  /** What `status` says of the session that runs; null until one has passed its test. */
  status(recipe: ModelRecipe): BackendStatus | null {
    const { chosen } = this
    if (chosen === null) return null
    return {
      device: chosen.device,
      runtime: chosen.runtime.kind,
      build: chosen.runtime.build,
      dtype: chosen.variant.dtype,
      file: chosen.variant.file,
      workers: this.workers,
      threads: chosen.layout.threads,
      adapter: chosen.adapter,
      knownAnswerCosine: chosen.cosine,
      dimensions: nativeWidth(recipe),
      maxTokens: recipe.maxTokens,
    }
  }

  /** Workers that are up. */
  get workers(): number {
    return this.#pool.workers
  }

  /** A worker that is ready but takes no work yet. @throws EmbeddingsError as `BackendLadder.startSlot` does */
  startSlot(): Promise<InferenceSlot> {
    return this.#ladder.startSlot()
  }

  /** Takes in a worker of `startSlot`. */
  adopt(slot: InferenceSlot): void {
    this.#pool.adopt(slot)
  }

  /** Brings the first worker up. @throws EmbeddingsError as `BackendLadder.startSlot` does */
  async start(): Promise<void> {
    this.adopt(await this.startSlot())
  }

  /** @throws EmbeddingsError as `InferencePool.run` does; the signal's reason */
  run(batch: TokenBatch, priority: Priority, signal: AbortSignal): Promise<Float32Array> {
    return this.#busy(() => this.#pool.run(batch, priority, signal))
  }

  /** Milliseconds that a batch takes on a worker, once its turn has come. @throws as `run` does */
  time(batch: TokenBatch, signal: AbortSignal): Promise<number> {
    return this.#busy(() => this.#pool.time(batch, signal))
  }

  async #busy<T>(work: () => Promise<T>): Promise<T> {
    this.#resting = false
    this.#running++
    try {
      return await work()
    } finally {
      this.#running--
      this.#endIfIdle()
    }
  }

  /** Ends the workers as soon as nothing runs; a later batch starts them again. */
  rest(): void {
    this.#resting = true
    this.#endIfIdle()
  }

  #endIfIdle(): void {
    if (!this.#resting || this.#running > 0) return
    // Nothing waits that could fail of it.
    this.#pool.close(
      new EmbeddingsError('worker_terminated', 'The workers were ended as another backend serves.'),
    )
    this.#pool = this.#makePool()
  }

  /** Ends the workers and fails what waits. */
  close(error: EmbeddingsError): void {
    this.#pool.close(error)
  }
}
