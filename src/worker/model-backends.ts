/**
 * The backends of one loaded model. On `auto` the CPU answers first; a GPU is tried beside it and takes over what it
 * does faster, once its vectors have proved right.
 */

import type { TokenBatch } from '../engine/batch.ts'
import type { ModelConfig } from '../engine/embedding-session.ts'
import type { Device, ModelRecipe, ModelVariant } from '../models/recipe.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import type { Priority } from '../openai/types.ts'
import type { BackendAttempt, BackendStatus, ServiceConfig } from '../rpc/protocol.ts'
import { findUnusableRow } from '../vectors/normalize.ts'
import { assignRoles, describeComparison, mayMix, type Serving } from './backend-choice.ts'
import { BackendLane, type LaneOptions } from './backend-lane.ts'
import { isNotTheBackend } from './backend-ladder.ts'
import { cpuRungs, type Rung } from './backend-rungs.ts'
import type { GpuCandidate, GpuTrial, StartedGpu, TrialOptions } from './gpu-trial.ts'
import { knownAnswerCosine, leastCosine, requireCosine, runProbe } from './known-answer.ts'

export interface ModelBackendsOptions {
  recipe: ModelRecipe
  config: ServiceConfig
  readModel: (
    variant: ModelVariant,
    signal: AbortSignal,
  ) => Promise<Pick<ModelConfig, 'model' | 'externalData'>>
  /** Token ids of a text, cut at the model's limit. */
  encode: (text: string) => Promise<Int32Array>
  /** Fetches the code that tries GPUs. @throws EmbeddingsError `model_unreachable` */
  openTrial: (options: Omit<TrialOptions, 'verdicts'>) => Promise<GpuTrial>
  /** Gets an entry for every backend tried or passed over; kept by the caller, who also tells of failed loads. */
  attempts: BackendAttempt[]
  onPhase: (phase: 'compile' | 'warm-up', device: Device) => void
  /** Another backend has taken over after the start. */
  onTakeover: (device: Device) => void
  /** Ends the start; later reads of files are not concerned. */
  signal: AbortSignal
}

/** Faults of a GPU after which it is not used again for this model. */
const MOST_FAULTS = 2

const ALL_ON = (device: Device): Serving => ({ interactive: device, background: device })

/** Backends that serve one model, chosen anew as a GPU proves itself or fails. */
export class ModelBackends {
  readonly #options: ModelBackendsOptions
  readonly #life = new AbortController()
  readonly #cpuRungs: readonly Rung[]
  readonly #cpu: BackendLane | null
  #gpu: StartedGpu | null = null
  #opening: Promise<GpuTrial> | null = null
  #trial: GpuTrial | null = null
  #serving: Serving = ALL_ON('wasm')
  /** What `attempts` says of WebGPU while that is not decided. */
  #gpuNote: BackendAttempt | null = null
  #faults = 0
  #started = false
  #closed: EmbeddingsError | null = null

  private constructor(options: ModelBackendsOptions) {
    this.#options = options
    const { config, recipe } = options
    // With WebGPU asked for, the CPU only computes what to test it by; then nobody asks why it was not chosen.
    const pass = config.device === 'webgpu' ? () => undefined : this.#note
    this.#cpuRungs = cpuRungs(recipe, config, pass)
    this.#cpu = this.#cpuRungs.length === 0 ? null : this.#makeCpuLane()
  }

  /**
   * Brings up the first backend that passes its test.
   *
   * @throws EmbeddingsError the last backend's own error; `unsupported_environment` when none was left to try; the
   *   signal's reason
   */
  static async start(options: ModelBackendsOptions): Promise<ModelBackends> {
    const { device } = options.config
    const backends = new ModelBackends(options)
    try {
      if (device === 'wasm') await backends.#startOnCpu()
      else if (device === 'webgpu') await backends.#startOnGpu()
      else await backends.#startOnEither()
      backends.#started = true
      return backends
    } catch (error) {
      backends.close(new EmbeddingsError('worker_terminated', 'The model could not be loaded.'))
      throw error
    }
  }

  readonly #note = (device: Device, reason: string, chosen = false): void => {
    const { attempts } = this.#options
    const entry: BackendAttempt = { device, reason, chosen }
    const open = device === 'webgpu' && this.#gpuNote !== null ? attempts.indexOf(this.#gpuNote) : -1
    if (open >= 0) attempts[open] = entry
    else attempts.push(entry)
    this.#gpuNote = null
  }

  /** Ends every worker and fails what waits. */
  close(error: EmbeddingsError): void {
    this.#closed = error
    this.#life.abort(error)
    this.#gpu?.lane.close(error)
    this.#cpu?.close(error)
  }

  /** Device that serves a role now. */
  device(role: Priority): Device {
    return this.#serving[role]
  }

  /** The session that serves a role; null while it is being started. */
  status(role: Priority): BackendStatus | null {
    const lane = this.#serving[role] === 'webgpu' ? this.#gpu?.lane : this.#cpu
    const chosen = lane?.chosen ?? null
    if (lane == null || chosen === null) return null
    const { recipe } = this.#options
    return {
      device: chosen.device,
      runtime: chosen.runtime.kind,
      build: chosen.runtime.build,
      dtype: chosen.variant.dtype,
      file: chosen.variant.file,
      workers: lane.workers,
      threads: chosen.layout.threads,
      adapter: chosen.adapter,
      knownAnswerCosine: chosen.cosine,
      dimensions: recipe.dimensions[0] ?? 0,
      maxTokens: recipe.maxTokens,
    }
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
        if (!this.#mayRetire() || findUnusableRow(rows, this.#options.recipe.dimensions[0] ?? 0) < 0)
          return rows
        await this.#condemn(gpu)
      } catch (error) {
        signal.throwIfAborted()
        this.#passToCpu(gpu, error)
      }
    }
    if (this.#cpu === null) throw this.#closed ?? this.#nothingLeft()
    return this.#cpu.run(batch, priority, signal)
  }

  async #startOnCpu(): Promise<void> {
    if (this.#cpu === null) throw this.#nothingLeft()
    await this.#cpu.start()
  }

  async #startOnGpu(): Promise<void> {
    const candidate = await this.#look()
    if (candidate === null) throw this.#nothingLeft()
    const failure = await this.#startWith(candidate)
    if (failure !== null) throw failure
  }

  async #startOnEither(): Promise<void> {
    const { recipe, attempts, signal } = this.#options
    const graphs = recipe.variants.filter(({ device }) => device === 'webgpu')
    if (graphs.length === 0) this.#note('webgpu', 'the model has no graph for WebGPU')
    // Absent in some workers and on insecure origins, whatever the types say.
    else if ((navigator as Partial<Navigator>).gpu === undefined) this.#note('webgpu', 'no navigator.gpu')
    if (attempts.length > 0) return this.#startOnCpu()
    this.#gpuNote = { device: 'webgpu', reason: 'waiting for the adapter', chosen: false }
    attempts.push(this.#gpuNote)
    const looking = this.#look()
    if (this.#cpu === null || (await this.#gpuWasBest())) {
      const candidate = await looking
      if (candidate !== null && (this.#cpu === null || isAll('webgpu', this.#remembered(candidate)))) {
        const failure = await this.#startWith(candidate)
        if (failure === null) return
        if (this.#cpu === null) throw failure
        return this.#startOnCpu()
      }
    }
    try {
      await this.#startOnCpu()
    } catch (error) {
      if (!(error instanceof EmbeddingsError) || isNotTheBackend(error)) throw error
      const candidate = await looking
      if (candidate === null || (await this.#startWith(candidate)) !== null) throw error
      return
    }
    const deciding = this.#decide(looking)
    const dtype = this.#cpu?.chosen?.variant.dtype
    // Another dtype names another vector space, which must not change once a vector was given out.
    if (graphs.some((graph) => graph.dtype !== dtype)) await deciding
    signal.throwIfAborted()
  }

  #openTrial(): Promise<GpuTrial> {
    const { recipe, config, encode, openTrial } = this.#options
    return (this.#opening ??= openTrial({
      recipe,
      config,
      encode,
      cpuRungs: this.#cpuRungs,
      signal: this.#life.signal,
    }))
  }

  /** Null where there is no GPU to try; the reason is noted then. */
  async #look(): Promise<GpuCandidate | null> {
    try {
      this.#trial = await this.#openTrial()
      const found = await this.#trial.look()
      if (typeof found !== 'string') return found
      this.#note('webgpu', found)
    } catch (error) {
      this.#note('webgpu', messageOf(error))
    }
    return null
  }

  async #gpuWasBest(): Promise<boolean> {
    try {
      return await (await this.#openTrial()).wasBest()
    } catch {
      // What is wrong with it, `#look` notes.
      return false
    }
  }

  #remembered(candidate: GpuCandidate): Serving | null {
    return this.#trial?.remembered(candidate) ?? null
  }

  /** Starts on the GPU alone. @returns the failure, which is noted; null when it serves */
  async #startWith(candidate: GpuCandidate): Promise<EmbeddingsError | null> {
    try {
      this.#take(await this.#startGpu(candidate), ALL_ON('webgpu'))
      return null
    } catch (error) {
      this.#options.signal.throwIfAborted()
      if (!(error instanceof EmbeddingsError)) throw error
      this.#note('webgpu', error.message)
      return error
    }
  }

  #startGpu(candidate: GpuCandidate): Promise<StartedGpu> {
    if (this.#trial === null) throw this.#nothingLeft()
    return this.#trial.start(candidate, this.#cpu, {
      ...this.#shared(),
      // What becomes of it is decided, and noted, after the trial.
      onVerdict: () => undefined,
      onLost: (error) => {
        if (error.code === 'device_lost' || error.code === 'timeout') this.#countFault(error)
      },
    })
  }

  /** Tries the GPU while the CPU serves. Never throws: what stands in the way is noted. */
  async #decide(looking: Promise<GpuCandidate | null>): Promise<void> {
    const candidate = await looking
    const [cpu, trial] = [this.#cpu, this.#trial]
    if (candidate === null || cpu === null || trial === null || this.#closed !== null) return
    const remembered = this.#remembered(candidate)
    let started: StartedGpu | null = null
    try {
      let comparison = candidate.verdict?.comparison ?? null
      if (remembered === null || !isAll('wasm', remembered)) {
        started = await this.#startGpu(candidate)
        if (remembered === null || started.candidate !== candidate)
          comparison = await trial.compare(started, cpu)
      }
      if (comparison === null) return
      if (this.#closed !== null) throw this.#closed
      const { variant } = started?.candidate ?? candidate
      const sameDtype = cpu.chosen?.variant.dtype === variant.dtype
      const serving = assignRoles(comparison, sameDtype)
      if (started === null || isAll('wasm', serving)) {
        this.#note('webgpu', `no faster than the CPU: ${describeComparison(comparison)}`)
      } else if (this.#started && !mayMix(comparison, sameDtype)) {
        this.#note('webgpu', `from the next load on, as its vectors differ: ${describeComparison(comparison)}`)
      } else {
        this.#take(started, serving)
        return
      }
    } catch (error) {
      if (this.#closed === null) this.#note('webgpu', messageOf(error))
    }
    started?.slot.terminate()
  }

  #take(started: StartedGpu, serving: Serving): void {
    this.#gpu = started
    started.lane.adopt(started.slot)
    this.#serving = serving
    const one = serving.interactive === 'webgpu' ? 'interactive' : 'background'
    this.#note('webgpu', isAll('webgpu', serving) ? 'chosen' : `chosen for ${one} requests`, true)
    if (isAll('webgpu', serving)) this.#cpu?.rest()
    if (this.#started) this.#options.onTakeover('webgpu')
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
    this.#serving = ALL_ON('wasm')
    this.#note('webgpu', reason)
    // What it still had to do comes back to `run`, which takes it to the CPU.
    gpu.lane.close(error)
    this.#options.onTakeover('wasm')
    // A failure is noted by the ladder, and the next batch tries again.
    if (this.#cpu?.workers === 0) this.#cpu.start().catch(() => undefined)
  }

  async #condemn(gpu: StartedGpu): Promise<void> {
    const error = new EmbeddingsError('invalid_output', 'a vector was zero or not finite')
    if (this.#gpu === gpu) this.#retire(error.message, error)
    await this.#trial?.condemn(gpu.candidate)
  }

  /** Returns where the CPU shall run what the GPU could not. @throws EmbeddingsError otherwise */
  #passToCpu(gpu: StartedGpu, error: unknown): void {
    if (!(error instanceof EmbeddingsError) || this.#closed !== null) throw error
    if (!this.#mayRetire()) {
      if (this.#faults === 0 || error.code !== 'inference_failed') throw error
      const message = `The GPU device was lost and could not be had again: ${error.message}`
      throw new EmbeddingsError('device_lost', message, { cause: error })
    }
    if (this.#gpu === gpu) this.#countFault(error)
  }

  #makeCpuLane(): BackendLane {
    const { recipe, encode, config } = this.#options
    return new BackendLane('wasm', this.#cpuRungs, {
      ...this.#shared(),
      test: async (slot, rung) => {
        const { knownAnswer } = recipe
        if (knownAnswer === undefined) {
          requireCosine((await runProbe(slot, await encode('warm-up'))) === null ? null : 1, 1)
          return null
        }
        const { tokens, embedding } = knownAnswer
        const known = { tokens: Int32Array.from(tokens), embedding, dtype: 'fp32' }
        const measured = await knownAnswerCosine(slot, known)
        return requireCosine(measured, leastCosine(rung.variant.dtype, known.dtype))
      },
      onVerdict: config.device === 'webgpu' ? () => undefined : this.#note,
      onLost: () => undefined,
    })
  }

  #shared(): Pick<LaneOptions, 'recipe' | 'readModel' | 'onPhase'> {
    const { recipe, onPhase, readModel, signal } = this.#options
    return {
      recipe,
      onPhase,
      readModel: (variant) =>
        readModel(variant, this.#started ? this.#life.signal : AbortSignal.any([this.#life.signal, signal])),
    }
  }

  #nothingLeft(): EmbeddingsError {
    const reasons = this.#options.attempts.map(({ device, reason }) => `${device}: ${reason}`).join('; ')
    return new EmbeddingsError('unsupported_environment', `No backend can run this model here (${reasons}).`)
  }
}

function isAll(device: Device, serving: Serving | null): boolean {
  return serving?.interactive === device && serving.background === device
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
