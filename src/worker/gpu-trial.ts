/** A model's trial on this device's GPU. Loaded only where WebGPU may be used. */

import type { ModelRecipe } from '../models/recipe.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import type { BackendComparison, GpuVerdict, ServiceConfig } from '../rpc/protocol.ts'
import type { Serving } from './backend-choice.ts'
import { assignRoles, LEAST_AGREEMENT } from './backend-comparison.ts'
import { BackendLane, type LaneOptions } from './backend-lane.ts'
import { isNotTheBackend } from './backend-ladder.ts'
import { laneName, webGpuRung, type Rung } from './backend-rungs.ts'
import { compareBackends } from './backend-timing.ts'
import { findCandidate, probeTokens, type GpuCandidate } from './gpu-candidate.ts'
import { contend, type ContestOptions, type StartedGpu, type Takeover } from './gpu-contest.ts'
import { gpuKnownAnswerCosine } from './gpu-known-answer.ts'
import type { GpuVerdicts } from './gpu-verdicts.ts'
import { leastCosine, loneText, requireCosine, type KnownVector } from './known-answer.ts'

export type { GpuCandidate } from './gpu-candidate.ts'
export type { StartedGpu } from './gpu-contest.ts'
export { GpuVerdicts } from './gpu-verdicts.ts'

export interface TrialOptions {
  recipe: ModelRecipe
  config: ServiceConfig
  verdicts: GpuVerdicts
  /** Token ids of a text, cut at the model's limit. */
  encode: (text: string) => Promise<Int32Array>
  /** What the CPU has for this model, best first; may be empty. */
  cpuRungs: readonly Rung[]
  /** Aborted when the model is unloaded. */
  signal: AbortSignal
}

/** Looks for a GPU, tests it by a known answer, times it, and remembers all that. */
export class GpuTrial {
  readonly #options: TrialOptions
  #known: KnownVector | null = null

  constructor(options: TrialOptions) {
    this.#options = options
  }

  /** A reason, with that for which the next visit will not know it. */
  remark(reason: string): string {
    const { notKept } = this.#options.verdicts
    return notKept === null ? reason : `${reason} (not remembered: ${notKept})`
  }

  /** The adapter and graph to try, or why there is none; downloads nothing. */
  look(): Promise<GpuCandidate | string> {
    const { recipe, config, verdicts } = this.#options
    return findCandidate(recipe, config, verdicts)
  }

  /** Who is to serve what after an earlier trial; null where none was timed beside this CPU's sessions. */
  remembered({ verdict, variant }: Pick<GpuCandidate, 'verdict' | 'variant'>): Serving | null {
    const comparison = verdict?.comparison ?? null
    const timed = this.#options.cpuRungs.find((rung) => laneName(rung) === comparison?.cpu)
    if (comparison === null || timed === undefined) return null
    return assignRoles(comparison, timed.variant.dtype === variant.dtype)
  }

  /**
   * Names what a GPU's vectors may be compared with: their dtype; where the CPU has sessions of that dtype and the two do not
   * agree, as far as is known, a name of the GPU's own.
   */
  spaceOf({ variant: { dtype }, verdict }: Pick<GpuCandidate, 'variant' | 'verdict'>): string {
    const answered = this.#known?.dtype === dtype ? verdict?.cosine : null
    const agreement = verdict?.comparison?.agreement ?? answered ?? 1
    const shared = this.#options.cpuRungs.some(({ variant }) => variant.dtype === dtype)
    return shared && agreement < LEAST_AGREEMENT ? `${dtype}+webgpu` : dtype
  }

  /** Whether on some earlier visit a GPU was best for everything: then its adapter is worth waiting for. */
  async wasBest(): Promise<boolean> {
    const { recipe, verdicts } = this.#options
    const all = await verdicts.ofModel(recipe.path)
    return all.some((verdict) => {
      const variant = recipe.variants.find(({ file }) => file === verdict.file)
      const serving = variant === undefined ? null : this.remembered({ verdict, variant })
      return verdict.passed && serving?.interactive === 'webgpu' && serving.background === 'webgpu'
    })
  }

  async #findKnown(): Promise<KnownVector | null> {
    const { recipe, verdicts } = this.#options
    const { knownAnswer } = recipe
    if (knownAnswer !== undefined) {
      const { tokens, embedding } = knownAnswer
      this.#known ??= { tokens: Int32Array.from(tokens), embedding, dtype: 'fp32' }
    }
    return (this.#known ??= await verdicts.answer(recipe))
  }

  /** Computes the answer that the recipe does not carry, once for this device, and keeps it. */
  async #computeKnown(cpu: BackendLane): Promise<KnownVector> {
    const { recipe, verdicts, encode, signal } = this.#options
    const tokens = await probeTokens(encode, recipe.maxTokens)
    const embedding = await cpu.run(loneText(tokens), 'background', signal)
    requireCosine(embedding.every(Number.isFinite) ? 1 : null, 1)
    const known = { tokens, embedding, dtype: cpu.chosen?.variant.dtype ?? 'q8' }
    await verdicts.putAnswer(recipe, known, signal)
    this.#known = known
    return known
  }

  /**
   * A lane on the GPU with its first session, which has passed the test by the known answer.
   *
   * @param cpu computes the answer where none is at hand
   * @throws EmbeddingsError `unsupported_environment` where there is nothing to test by; the session's own
   */
  async start(
    candidate: GpuCandidate,
    cpu: BackendLane | null,
    lane: Omit<LaneOptions, 'test'>,
  ): Promise<StartedGpu> {
    const known = (await this.#findKnown()) ?? (cpu === null ? null : await this.#computeWith(cpu))
    if (known === null) throw nothingToTestBy('the CPU has no backend for it')
    for (let tried = candidate; ;) {
      const made = this.#makeLane(tried, known, lane)
      try {
        return { candidate: tried, lane: made, slot: await made.startSlot() }
      } catch (error) {
        made.close(new EmbeddingsError('worker_terminated', 'The trial on the GPU failed.'))
        // Kernels of one dtype may be wrong (transformers.js#1728) where those of another are right.
        const failed = error instanceof EmbeddingsError && error.code === 'invalid_output'
        const next = failed ? await this.look() : ''
        if (typeof next === 'string' || next.variant === tried.variant) throw error
        tried = next
      }
    }
  }

  #makeLane(candidate: GpuCandidate, known: KnownVector, lane: Omit<LaneOptions, 'test'>): BackendLane {
    return new BackendLane('webgpu', [webGpuRung(candidate.variant, this.#options.config)], {
      ...lane,
      test: async (slot) => {
        const measured = await gpuKnownAnswerCosine(slot, known, this.#options.recipe.maxTokens)
        const { leastCosine: least } = await this.#keep(candidate, measured, known.dtype)
        return requireCosine(measured, least)
      },
    })
  }

  async #computeWith(cpu: BackendLane): Promise<KnownVector> {
    try {
      return await this.#computeKnown(cpu)
    } catch (error) {
      if (!(error instanceof EmbeddingsError) || isNotTheBackend(error) || error.code === 'model_unreachable')
        throw error
      throw nothingToTestBy(error.message, error)
    }
  }

  async #keep(candidate: GpuCandidate, measured: number | null, answerDtype: string): Promise<GpuVerdict> {
    const { recipe, verdicts, signal } = this.#options
    const { variant, adapter } = candidate
    const least = leastCosine(variant.dtype, answerDtype)
    const comparison = candidate.verdict?.comparison ?? null
    const passed = measured !== null && measured >= least
    const found = { passed, cosine: measured, leastCosine: least, comparison }
    candidate.verdict = await verdicts.put(recipe, variant, adapter, found, signal)
    return candidate.verdict
  }

  /** Times a session that passed beside the CPU, and keeps the times. */
  async compare({ candidate, slot }: StartedGpu, cpu: BackendLane): Promise<BackendComparison> {
    const { recipe, verdicts, encode, signal } = this.#options
    const tokens = this.#known?.tokens ?? (await probeTokens(encode, recipe.maxTokens))
    const comparison = await compareBackends(slot, cpu, tokens, signal)
    const { variant, adapter, verdict } = candidate
    if (verdict !== null)
      candidate.verdict = await verdicts.put(recipe, variant, adapter, { ...verdict, comparison }, signal)
    return comparison
  }

  /** Tries it beside a CPU that is up. Never throws. @returns why not, where the CPU goes on alone */
  contend(options: ContestOptions): Promise<Takeover | string> {
    return contend(this, options)
  }

  /** Remembers that a GPU which had passed gave a vector that is zero or not finite. */
  async condemn(candidate: GpuCandidate): Promise<void> {
    await this.#keep(candidate, null, this.#known?.dtype ?? 'fp32')
  }
}

function nothingToTestBy(reason: string, cause?: unknown): EmbeddingsError {
  const message = `WebGPU cannot be tested: the model carries no known answer, and none could be computed (${reason})`
  return new EmbeddingsError('unsupported_environment', message, { cause })
}
