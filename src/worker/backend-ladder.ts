/** Backends in order of preference; one that fails is left for the next, with the reason kept. */

import type { ModelConfig, SessionConfig } from '../engine/embedding-session.ts'
import { nativeWidth, type Device, type ModelRecipe, type ModelVariant } from '../models/recipe.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import type { SharedEncoder } from '../simd/encoder.ts'
import type { Rung } from './backend-rungs.ts'
import { InferenceSlot } from './inference-slot.ts'
import { SharedWeights } from './shared-weights.ts'

/** The backend in force, once a session on it has passed its test. */
export interface ChosenBackend extends Rung {
  adapter: string | null
  /** Of the known-answer test; null where the model has no known answer. */
  cosine: number | null
}

/** What becomes of a backend: `chosen`, or why not. */
export type Verdict = (device: Device, reason: string, chosen: boolean) => void

export interface LadderOptions {
  recipe: ModelRecipe
  readModel: (variant: ModelVariant) => Promise<Pick<ModelConfig, 'model' | 'externalData'>>
  /** Tests a session that is up; gives the cosine of its known answer, null where there is none. @throws EmbeddingsError */
  test: (slot: InferenceSlot, rung: Rung) => Promise<number | null>
  onVerdict: Verdict
  onPhase: (phase: 'compile' | 'warm-up', device: Device) => void
  onLost: (slot: InferenceSlot, error: EmbeddingsError) => void
  /** Whether workers are up that `startSlot` made. */
  hasWorkers: () => boolean
}

/** Backends for the same work, best first. */
export class BackendLadder {
  chosen: ChosenBackend | null = null
  readonly #options: LadderOptions
  readonly #rungs: Rung[]
  readonly #weights = new SharedWeights()

  /** @param rungs at least one */
  constructor(rungs: readonly Rung[], options: LadderOptions) {
    this.#rungs = [...rungs]
    this.#options = options
  }

  /** Weight format of the backend in force, also before its first session is up. */
  get dtype(): string {
    return this.#rungs[0]?.variant.dtype ?? ''
  }

  /** Most workers at once on the backend in force. */
  get workers(): number {
    return this.#rungs[0]?.layout.workers ?? 1
  }

  /**
   * A worker on the best backend that passes its test. Each one that fails is abandoned for good, but the last: a later
   * attempt may find the network or the memory that this one lacked. A backend that has workers is kept as well: others
   * beside them would give other vectors.
   *
   * @throws EmbeddingsError the last backend's own error, or that of the backend that is kept
   */
  async startSlot(): Promise<InferenceSlot> {
    for (;;) {
      const [best] = this.#rungs
      if (best === undefined) throw new EmbeddingsError('unsupported_environment', 'No backend is left.')
      let rung = best
      try {
        const slot = await this.#open(rung, (reason) => {
          rung = this.#passOver(rung, reason)
        })
        return await this.#tested(slot, rung)
      } catch (error) {
        if (!(error instanceof EmbeddingsError) || isNotTheBackend(error)) throw error
        if (this.chosen !== null && this.#options.hasWorkers()) throw error
        const last = this.#rungs.length === 1
        this.#passOver(rung, error.message)
        if (last) throw error
      }
    }
  }

  /** Tells why a rung does not serve, and leaves it unless it is the last. @returns the one in force */
  #passOver(rung: Rung, reason: string): Rung {
    // Two workers that start at once may fail of the same; it is told once.
    if (this.#rungs[0] === rung) {
      this.#options.onVerdict(rung.device, reason, false)
      if (this.#rungs.length > 1) {
        this.#rungs.shift()
        this.chosen = null
      }
    }
    return this.#rungs[0] ?? rung
  }

  /** A worker with a session. Where the encoder does not know the model, it is one of onnxruntime, the next rung. */
  #open(rung: Rung, onPassedOver: (reason: string) => void): Promise<InferenceSlot> {
    const { recipe, onPhase, onVerdict, readModel } = this.#options
    const onLost = (slot: InferenceSlot, error: EmbeddingsError): void => {
      this.#weights.release(slot)
      this.#options.onLost(slot, error)
    }
    const refuse = (reason: string): void => {
      onVerdict(rung.device, `weights not shared: ${reason}`, false)
    }
    const onNotShared = (reason: string): void => {
      if (rung.runtime.kind !== 'simd' || !rung.runtime.shared) return
      // Each further worker would try in vain.
      rung.runtime = { ...rung.runtime, shared: false }
      refuse(reason)
    }
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
        width: nativeWidth(recipe),
        padTokenId: recipe.padTokenId,
        paddingSide: recipe.paddingSide,
        disabledOptimizers: rung.variant.disabledOptimizers,
      }
    }
    const pack = () => InferenceSlot.start(rung.runtime, readConfig, onPassedOver, onNotShared, onLost)
    if (rung.runtime.kind !== 'simd' || !rung.runtime.shared) return pack()
    const attach = (shared: SharedEncoder) => InferenceSlot.attach(shared, onLost)
    return this.#weights.open({ pack, attach, onRefused: refuse })
  }

  async #tested(slot: InferenceSlot, rung: Rung): Promise<InferenceSlot> {
    const { test, onPhase, onVerdict } = this.#options
    try {
      onPhase('warm-up', rung.device)
      const cosine = await test(slot, rung)
      if (this.chosen === null) {
        this.chosen = { ...rung, adapter: slot.adapter, cosine }
        onVerdict(rung.device, 'chosen', true)
      }
      return slot
    } catch (error) {
      slot.terminate()
      throw error
    }
  }
}

/** Faults of the files or the network strike every backend alike: going on to the next would hide them. */
export function isNotTheBackend(error: EmbeddingsError): boolean {
  return (
    error.code === 'integrity_error' || error.code === 'model_file_not_found' || error.code === 'csp_blocked'
  )
}
