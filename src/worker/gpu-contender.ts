/** The GPU of one load, from the search for an adapter to the decision what it serves. */

import { describeError } from '../rpc/error-codec.ts'
import type { AttemptLog } from './attempt-log.ts'
import type { Serving } from './backend-choice.ts'
import type { BackendLane, LaneOptions } from './backend-lane.ts'
import type { Takeover } from './gpu-contest.ts'
import type { GpuCandidate, GpuTrial, StartedGpu } from './gpu-trial.ts'

export interface ContenderOptions {
  /** Fetches the code that tries GPUs. @throws EmbeddingsError `model_unreachable` */
  open: () => Promise<GpuTrial>
  log: AttemptLog
  lane: Omit<LaneOptions, 'test' | 'onVerdict'>
}

/** Tries the GPU for one model; whatever stands in the way is noted. */
export class GpuContender {
  readonly #options: ContenderOptions
  #opening: Promise<GpuTrial> | null = null
  #trial: GpuTrial | null = null
  readonly #told = new Set<string>()

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
      if (typeof found === 'string') log.note('webgpu', found)
      else {
        this.#tell(found)
        return found
      }
    } catch (error) {
      log.note('webgpu', describeError(error))
    }
    return null
  }

  /** Notes the graphs passed over on the way to this one, each once. */
  #tell({ passedOver }: GpuCandidate): void {
    for (const reason of passedOver) if (!this.#told.has(reason)) this.#options.log.passOver(reason)
    for (const reason of passedOver) this.#told.add(reason)
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

  /** As `GpuTrial.spaceOf`. */
  spaceOf(candidate: GpuCandidate): string {
    return this.#trial?.spaceOf(candidate) ?? candidate.variant.dtype
  }

  /** A reason, with that for which the next visit will not know it. */
  remark(reason: string): string {
    return this.#trial?.remark(reason) ?? reason
  }

  /**
   * A tested session on the GPU.
   *
   * @param cpu computes the known answer where none is at hand
   * @throws EmbeddingsError as `GpuTrial.start` does
   */
  async start(candidate: GpuCandidate, cpu: BackendLane | null): Promise<StartedGpu> {
    const started = await (await this.#open()).start(candidate, cpu, this.#lane)
    this.#tell(started.candidate)
    return started
  }

  get #lane(): Omit<LaneOptions, 'test'> {
    // What becomes of it is decided, and noted, after the trial.
    return { ...this.#options.lane, onVerdict: () => undefined }
  }

  /**
   * Tries the GPU beside a CPU that is up. Never throws.
   *
   * @returns null where the CPU goes on alone; the reason is noted then
   */
  async contend(candidate: GpuCandidate, cpu: BackendLane): Promise<Takeover | null> {
    // Whoever has a candidate has the trial that found it.
    const trial = await this.#open()
    const taken = await trial.contend({ candidate, cpu, lane: this.#lane })
    if (typeof taken !== 'string') {
      this.#tell(taken.gpu.candidate)
      return taken
    }
    this.#options.log.note('webgpu', taken)
    return null
  }

  /** Remembers that a GPU which had passed gave a vector that is zero or not finite. */
  async condemn(candidate: GpuCandidate): Promise<void> {
    await (await this.#open()).condemn(candidate)
  }
}
