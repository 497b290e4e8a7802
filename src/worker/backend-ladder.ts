/** Backends in order of preference; one that fails is left for the next, with the reason kept. */

import { cpuLayout, probeWebGpu, webGpuBuild, type CpuLayout } from '../engine/backend.ts'
import { runtimeFiles } from '../engine/runtime-files.ts'
import type { ModelConfig, RuntimeBuild, RuntimeConfig, SessionConfig } from '../engine/embedding-session.ts'
import type { Device, ModelRecipe, ModelVariant } from '../models/recipe.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import type { BackendAttempt, ServiceConfig } from '../rpc/protocol.ts'
import { supportedBuild } from '../simd/encoder-module.ts'
import { findUnusableRow } from '../vectors/normalize.ts'
import { cosine as cosineOf } from '../vectors/similarity.ts'
import { InferenceSlot, type Deadlines } from './inference-slot.ts'

/** A backend that may be tried. */
interface Rung {
  device: Device
  runtime: RuntimeConfig
  variant: ModelVariant
  layout: CpuLayout
}

/** The backend in force, once a session on it has passed its test. */
export interface ChosenBackend extends Rung {
  adapter: string | null
  /** Null where the model has no known answer. */
  cosine: number | null
}

export interface LadderOptions {
  recipe: ModelRecipe
  config: ServiceConfig
  readModel: (variant: ModelVariant) => Promise<Pick<ModelConfig, 'model' | 'externalData'>>
  /** Token ids to run first where the recipe has no known answer. */
  probeTokens: () => Promise<Int32Array>
  /** Gets an entry for every backend tried or passed over; kept by the caller, who also tells of failed loads. */
  attempts: BackendAttempt[]
  onPhase: (phase: 'compile' | 'warm-up', device: Device) => void
  onLost: (slot: InferenceSlot, error: EmbeddingsError) => void
}

/** Least cosine of a known answer to the stored vector. Right graphs reach 0.99; broken ones stay near 0 (transformers.js#1728). */
const LEAST_COSINE = 0.99

/** A GPU that is lost this often is not used again for this model. */
const MOST_LOSSES = 2

const DEADLINES: Deadlines = { load: 120_000, run: 120_000 }

/** The backends of one loaded model, best first. */
export class BackendLadder {
  chosen: ChosenBackend | null = null
  readonly #options: LadderOptions
  readonly #rungs: Rung[] = []
  #losses = 0

  private constructor(options: LadderOptions) {
    this.#options = options
  }

  /** Looks at what the device offers; loads nothing. @throws EmbeddingsError `unsupported_environment` */
  static async inspect(options: LadderOptions): Promise<BackendLadder> {
    const ladder = new BackendLadder(options)
    const { device } = options.config
    if (device !== 'wasm') await ladder.#addWebGpu()
    if (device !== 'webgpu') {
      if (options.config.cpuRuntime === 'auto') ladder.#addSimd()
      ladder.#addOnnxCpu()
    }
    if (ladder.#rungs.length === 0) throw ladder.#nothingLeft()
    return ladder
  }

  async #addWebGpu(): Promise<void> {
    const { recipe } = this.#options
    const variant = recipe.variants.find((candidate) => candidate.device === 'webgpu')
    if (variant === undefined) {
      this.#pass('webgpu', 'the model has no graph for WebGPU')
      return
    }
    if (recipe.knownAnswer === undefined) {
      this.#pass('webgpu', 'the model has no known answer to test WebGPU by')
      return
    }
    // Absent in some workers and on insecure origins, whatever the types say.
    const probe = await probeWebGpu((navigator as Partial<Navigator>).gpu)
    if (!probe.usable) {
      this.#pass('webgpu', probe.reason)
      return
    }
    const runtime = this.#onnxRuntime(webGpuBuild(), 1)
    this.#rungs.push({ device: 'webgpu', runtime, variant, layout: { workers: 1, threads: 1 } })
  }

  /** The library's own encoder; it tells for itself, by the model's file, whether it knows the model. */
  #addSimd(): void {
    const { recipe, config } = this.#options
    // It reads 8-bit blocks too: a model with a graph for WebGPU only runs here as well.
    const variant = recipe.variants.find(({ device }) => device === 'wasm') ?? recipe.variants[0]
    const build = supportedBuild()
    if (build === null) this.#pass('wasm', 'no WebAssembly SIMD for the CPU encoder')
    if (variant === undefined || build === null) return
    const layout = cpuLayout(navigator.hardwareConcurrency, false, config)
    this.#rungs.push({ device: 'wasm', runtime: { kind: 'simd', build }, variant, layout })
  }

  #addOnnxCpu(): void {
    const { recipe, config } = this.#options
    const variant = recipe.variants.find((candidate) => candidate.device === 'wasm')
    if (variant === undefined) {
      this.#pass('wasm', 'the model has no graph for WASM')
      return
    }
    const layout = cpuLayout(navigator.hardwareConcurrency, crossOriginIsolated, config)
    this.#rungs.push({ device: 'wasm', runtime: this.#onnxRuntime('wasm', layout.threads), variant, layout })
  }

  #onnxRuntime(build: RuntimeBuild, threads: number): RuntimeConfig {
    return {
      kind: 'onnxruntime',
      build,
      runtime: runtimeFiles(build, this.#options.config.runtimeUrl),
      threads,
    }
  }

  #pass(device: Device, reason: string): void {
    this.#options.attempts.push({ device, reason, chosen: false })
  }

  /** Most workers at once on the backend in force. */
  get workers(): number {
    return this.#rungs[0]?.layout.workers ?? 1
  }

  /** Counts a lost GPU; after the second one the next backend is in force. */
  noteLoss(error: EmbeddingsError): void {
    const rung = this.#rungs[0]
    if (rung?.device !== 'webgpu' || (error.code !== 'device_lost' && error.code !== 'timeout')) return
    this.#losses++
    if (this.#losses >= MOST_LOSSES) this.#abandon(rung, `lost ${String(this.#losses)} times: ${error.message}`)
  }

  #abandon(rung: Rung, reason: string): void {
    if (this.#rungs[0] !== rung) return
    this.#rungs.shift()
    this.chosen = null
    this.#pass(rung.device, reason)
  }

  /**
   * A worker on the best backend that passes its test. Each one that fails is abandoned for good.
   *
   * @throws EmbeddingsError the last backend's own error; `unsupported_environment` when none was left to try
   */
  async startSlot(): Promise<InferenceSlot> {
    let failure: EmbeddingsError | null = null
    for (;;) {
      const rung = this.#rungs[0]
      if (rung === undefined) throw failure ?? this.#nothingLeft()
      try {
        return await this.#startOn(rung)
      } catch (error) {
        if (!(error instanceof EmbeddingsError) || isNotTheBackend(error)) throw error
        failure = error
        // The last rung stays: a later attempt may find the network or the memory that this one lacked.
        if (this.#rungs.length === 1) {
          this.#pass(rung.device, error.message)
          throw error
        }
        this.#abandon(rung, error.message)
      }
    }
  }

  async #startOn(rung: Rung): Promise<InferenceSlot> {
    const { recipe, onPhase, onLost, readModel } = this.#options
    const readConfig = async (): Promise<SessionConfig> => {
      const files = await readModel(rung.variant)
      onPhase('compile', rung.device)
      return {
        ...rung.runtime,
        ...files,
        device: rung.device,
        output: rung.variant.output,
        pooled: rung.variant.pooled,
        pooling: recipe.pooling,
        width: recipe.dimensions[0] ?? 0,
        padTokenId: recipe.padTokenId,
        paddingSide: recipe.paddingSide,
        disabledOptimizers: rung.variant.disabledOptimizers,
      }
    }
    const slot = await InferenceSlot.start(rung.runtime, readConfig, DEADLINES, onLost)
    try {
      onPhase('warm-up', rung.device)
      const cosine = await this.#test(slot)
      this.#choose({ ...rung, adapter: slot.adapter, cosine })
      return slot
    } catch (error) {
      slot.terminate()
      throw error
    }
  }

  #choose(backend: ChosenBackend): void {
    if (this.chosen !== null) return
    this.chosen = backend
    this.#options.attempts.push({ device: backend.device, reason: 'chosen', chosen: true })
  }

  /** Runs the known answer, which also warms the session up. Null where the recipe has none. */
  async #test(slot: InferenceSlot): Promise<number | null> {
    const { knownAnswer } = this.#options.recipe
    const ids =
      knownAnswer === undefined ? await this.#options.probeTokens() : Int32Array.from(knownAnswer.tokens)
    const vector = await slot.run({ ids, lengths: Int32Array.of(ids.length) })
    if (findUnusableRow(vector, vector.length) >= 0) {
      throw new EmbeddingsError('invalid_output', 'the first vector is zero or not finite')
    }
    if (knownAnswer === undefined) return null
    const cosine = cosineOf(vector, knownAnswer.embedding)
    if (cosine < LEAST_COSINE) {
      throw new EmbeddingsError('invalid_output', `known-answer cosine ${cosine.toFixed(3)}`)
    }
    return cosine
  }

  #nothingLeft(): EmbeddingsError {
    const reasons = this.#options.attempts.map(({ device, reason }) => `${device}: ${reason}`).join('; ')
    return new EmbeddingsError('unsupported_environment', `No backend can run this model here (${reasons}).`)
  }
}

/** Faults of the files or the network strike every backend alike: going on to the next would hide them. */
function isNotTheBackend(error: EmbeddingsError): boolean {
  return (
    error.code === 'integrity_error' || error.code === 'model_file_not_found' || error.code === 'csp_blocked'
  )
}
