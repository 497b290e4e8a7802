/**
 * The backends of one loaded model. On `auto` the CPU answers first; a GPU is tried beside it and takes over what it
 * does faster, once its vectors have proved right.
 */

import type { TokenBatch } from '../engine/batch.ts'
import { nativeWidth, type Device, type ModelVariant } from '../models/recipe.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import type { Priority } from '../openai/types.ts'
import type { BackendStatus } from '../rpc/protocol.ts'
import { findUnusableRow } from '../vectors/normalize.ts'
import { AttemptLog } from './attempt-log.ts'
import { allOn, describeServing, isAll, type Serving } from './backend-choice.ts'
import type { BackendLane } from './backend-lane.ts'
import { BackendStart } from './backend-start.ts'
import { cpuRungs } from './backend-rungs.ts'
import { makeCpuLane } from './cpu-lane.ts'
import { GpuContender } from './gpu-contender.ts'
import type { StartedGpu } from './gpu-trial.ts'
import type { ModelBackendsOptions } from './model-backends-options.ts'

/** Faults of a GPU after which it is not used again for this model. */
const MOST_FAULTS = 2

/** Backends that serve one model, chosen anew as a GPU proves itself or fails. */
export class ModelBackends {
  readonly #options: ModelBackendsOptions
  readonly #life = new AbortController()
  readonly #log: AttemptLog
  readonly #cpu: BackendLane | null
  readonly #contender: GpuContender
  #gpu: StartedGpu | null = null
  #serving = allOn('wasm')
  #faults = 0
  #started = false
  #closed: EmbeddingsError | null = null

  private constructor(options: ModelBackendsOptions) {
    this.#options = options
    const { config, recipe, encode, onPhase, openTrial, readModel } = options
    this.#log = new AttemptLog(options.attempts)
    const shared = {
      onPhase,
      readModel: (variant: ModelVariant) =>
        readModel(
          variant,
          this.#started ? this.#life.signal : AbortSignal.any([this.#life.signal, options.signal]),
        ),
    }
    // With WebGPU asked for, the CPU only computes what to test it by; then nobody asks why it was not chosen.
    const onVerdict = config.device === 'webgpu' ? () => undefined : this.#log.note
    const rungs = cpuRungs(recipe, config, onVerdict)
    this.#cpu = rungs.length === 0 ? null : makeCpuLane(rungs, recipe, encode, { ...shared, onVerdict })
    this.#contender = new GpuContender({
      log: this.#log,
      open: () => openTrial({ recipe, config, encode, cpuRungs: rungs, signal: this.#life.signal }),
      lane: {
        ...shared,
        recipe,
        onLost: (error) => {
          if (error.code === 'device_lost' || error.code === 'timeout') this.#countFault(error)
        },
      },
    })
  }

  /** Brings up the first backend that passes its test. @throws as `BackendStart.run` does */
  static async start(options: ModelBackendsOptions): Promise<ModelBackends> {
    const backends = new ModelBackends(options)
    try {
      await new BackendStart({
        recipe: options.recipe,
        config: options.config,
        signal: options.signal,
        log: backends.#log,
        cpu: backends.#cpu,
        contender: backends.#contender,
        take: (gpu, serving) => {
          backends.#take(gpu, serving)
        },
      }).run()
      options.signal.throwIfAborted()
      backends.#started = true
      return backends
    } catch (error) {
      backends.close(new EmbeddingsError('worker_terminated', 'The model could not be loaded.'))
      throw error
    }
  }

  #take(gpu: StartedGpu, serving: Serving): void {
    if (this.#isClosed()) {
      gpu.slot.terminate()
      return
    }
    this.#gpu = gpu
    gpu.lane.adopt(gpu.slot)
    this.#serving = serving
    this.#log.note('webgpu', this.#contender.remark(describeServing(serving)), true)
    if (isAll('webgpu', serving)) this.#cpu?.rest()
    if (this.#started) this.#options.onTakeover('webgpu')
  }

  /** Device that serves a role now. */
  device(role: Priority): Device {
    return this.#serving[role]
  }

  /** Weight format of what serves, with a mark where a GPU's vectors are others: never mixed, so it is one for all roles. */
  get space(): string {
    const gpu = this.#serving.background === 'webgpu' ? this.#gpu : null
    return gpu === null ? (this.#cpu?.dtype ?? '') : this.#contender.spaceOf(gpu.candidate)
  }

  /** The session that serves a role; null while it is being started. */
  status(role: Priority): BackendStatus | null {
    return this.#lane(role)?.status(this.#options.recipe) ?? null
  }

  #lane(role: Priority): BackendLane | null {
    return this.#serving[role] === 'webgpu' ? (this.#gpu?.lane ?? null) : this.#cpu
  }

  /**
   * Runs a batch where its role is served; on the CPU again where the GPU failed of it.
   *
   * @returns rows × native width
   * @throws EmbeddingsError as `InferencePool.run` does; the signal's reason
   */
  async run(role: Priority, batch: TokenBatch, priority: Priority, signal: AbortSignal): Promise<Float32Array> {
    const gpu = this.#serving[role] === 'webgpu' ? this.#gpu : null
    if (gpu !== null) {
      try {
        const rows = await gpu.lane.run(batch, priority, signal)
        const width = nativeWidth(this.#options.recipe)
        if (!this.#mayRetire() || findUnusableRow(rows, width) < 0) return rows
        await this.#condemn(gpu)
      } catch (error) {
        signal.throwIfAborted()
        this.#passToCpu(gpu, error)
      }
    }
    if (this.#cpu === null) throw this.#closed ?? this.#log.nothingLeft()
    return this.#cpu.run(batch, priority, signal)
  }

  #mayRetire(): boolean {
    return this.#cpu !== null && this.#options.config.device === 'auto'
  }

  #countFault(error: EmbeddingsError): void {
    this.#faults++
    if (this.#faults < MOST_FAULTS || !this.#mayRetire()) return
    const what = error.code === 'device_lost' ? 'lost' : 'failed'
    this.#retire(`${what} ${String(this.#faults)} times: ${error.message}`, error)
  }

  /** From now on the CPU serves everything. */
  #retire(reason: string, error: EmbeddingsError): void {
    const gpu = this.#gpu
    if (gpu === null) return
    this.#gpu = null
    this.#serving = allOn('wasm')
    this.#log.note('webgpu', reason)
    // What it still had to do comes back to `run`, which takes it to the CPU.
    gpu.lane.close(error)
    this.#options.onTakeover('wasm')
    // A failure is noted by the ladder, and the next batch tries again.
    if (this.#cpu?.workers === 0) this.#cpu.start().catch(() => undefined)
  }

  async #condemn(gpu: StartedGpu): Promise<void> {
    const error = new EmbeddingsError('invalid_output', 'a vector was zero or not finite')
    if (this.#gpu === gpu) this.#retire(error.message, error)
    await this.#contender.condemn(gpu.candidate)
  }

  /** Returns where the CPU shall run what the GPU could not. @throws EmbeddingsError otherwise */
  #passToCpu(gpu: StartedGpu, error: unknown): void {
    if (!(error instanceof EmbeddingsError) || this.#isClosed()) throw error
    if (this.#mayRetire()) {
      if (this.#gpu !== gpu) return
      // Rows of both must not stand side by side where their vectors differ.
      if (this.space === this.#cpu?.dtype) this.#countFault(error)
      else this.#retire(`failed: ${error.message}`, error)
      return
    }
    // After a loss the browser may refuse another adapter; onnxruntime reports that as a failure of its own.
    if (this.#faults === 0 || error.code !== 'inference_failed') throw error
    const message = `The GPU device was lost and could not be had again: ${error.message}`
    throw new EmbeddingsError('device_lost', message, { cause: error })
  }

  #isClosed(): boolean {
    return this.#closed !== null
  }

  /** Ends every worker and fails what waits. */
  close(error: EmbeddingsError): void {
    this.#closed = error
    this.#life.abort(error)
    this.#gpu?.lane.close(error)
    this.#cpu?.close(error)
  }
}
