/** The GPU of one load, from the search for an adapter to the decision what it serves. */

import { describeError } from '../rpc/error-codec.ts'
import type { AttemptLog } from './attempt-log.ts'
import { assignRoles, describeComparison, isAll, mayMix, type Serving } from './backend-choice.ts'
import type { BackendLane, LaneOptions } from './backend-lane.ts'
import type { GpuCandidate, GpuTrial, StartedGpu } from './gpu-trial.ts'

export interface ContenderOptions {
  /** Fetches the code that tries GPUs. @throws EmbeddingsError `model_unreachable` */
  open: () => Promise<GpuTrial>
  log: AttemptLog
  lane: Omit<LaneOptions, 'test' | 'onVerdict'>
}

/** A GPU that passed, and what it is to serve. */
export interface Takeover {
  gpu: StartedGpu
  serving: Serving
}

/** Tries the GPU for one model; whatever stands in the way is noted. */
export class GpuContender {
  readonly #options: ContenderOptions
  #opening: Promise<GpuTrial> | null = null
  #trial: GpuTrial | null = null

  constructor(options: ContenderOptions) {
    this.#options = options
  }

  #open(): Promise<GpuTrial> {
    return (this.#opening ??= this.#options.open())
  }

  /** Never throws. @returns null where there is no GPU to try; the reason is noted then */
  async look(): Promise<GpuCandidate | null> {
    const { log } = this.#options
    try {
      this.#trial = await this.#open()
      const found = await this.#trial.look()
      if (typeof found !== 'string') return found
      log.note('webgpu', found)
    } catch (error) {
      log.note('webgpu', describeError(error))
    }
    return null
  }

  /** Whether on an earlier visit a GPU was best for everything. Never throws: what is wrong with the trial, `look` notes. */
  async wasBest(): Promise<boolean> {
    try {
      return await (await this.#open()).wasBest()
    } catch {
      return false
    }
  }

  /** What an earlier trial of this GPU decided; null where there was none. */
  remembered(candidate: GpuCandidate): Serving | null {
    return this.#trial?.remembered(candidate) ?? null
  }

  /** A reason, with that for which the next visit will not know it. */
  remark(reason: string): string {
    const notKept = this.#trial?.notKept ?? null
    return notKept === null ? reason : `${reason} (not remembered: ${notKept})`
  }

  /**
   * A tested session on the GPU.
   *
   * @param cpu computes the known answer where none is at hand
   * @throws EmbeddingsError as `GpuTrial.start` does
   */
  async start(candidate: GpuCandidate, cpu: BackendLane | null): Promise<StartedGpu> {
    // What becomes of it is decided, and noted, after the trial.
    const lane = { ...this.#options.lane, onVerdict: () => undefined }
    return (await this.#open()).start(candidate, cpu, lane)
  }

  /**
   * Tries the GPU beside a CPU that is up. Never throws.
   *
   * @param spaceIsFixed true once vectors were given out: then a GPU whose vectors differ has to wait for the next load
   * @returns null where the CPU goes on alone; the reason is noted then
   */
  async contend(
    candidate: GpuCandidate,
    cpu: BackendLane,
    spaceIsFixed: () => boolean,
  ): Promise<Takeover | null> {
    const { log } = this.#options
    const remembered = this.remembered(candidate)
    const known = candidate.verdict?.comparison ?? null
    if (known !== null && remembered !== null && isAll('wasm', remembered)) {
      log.note('webgpu', `no faster than the CPU: ${describeComparison(known)}`)
      return null
    }
    let gpu: StartedGpu | null = null
    try {
      const trial = await this.#open()
      gpu = await this.start(candidate, cpu)
      // Of another graph than that which was timed before, if that one failed now.
      const timed = known !== null && remembered !== null && gpu.candidate === candidate
      const comparison = timed ? known : await trial.compare(gpu, cpu)
      const sameDtype = cpu.chosen?.variant.dtype === gpu.candidate.variant.dtype
      const serving = assignRoles(comparison, sameDtype)
      if (!isAll('wasm', serving) && (mayMix(comparison, sameDtype) || !spaceIsFixed())) return { gpu, serving }
      const why = isAll('wasm', serving)
        ? 'no faster than the CPU'
        : 'from the next load on, as its vectors differ'
      log.note('webgpu', this.remark(`${why}: ${describeComparison(comparison)}`))
    } catch (error) {
      log.note('webgpu', this.remark(describeError(error)))
    }
    gpu?.slot.terminate()
    return null
  }

  /** Remembers that a GPU which had passed gave a vector that is zero or not finite. */
  async condemn(candidate: GpuCandidate): Promise<void> {
    await (await this.#open()).condemn(candidate)
  }
}
