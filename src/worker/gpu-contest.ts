/** What a GPU that may be used is to serve beside a CPU that is up. */

import { describeError } from '../rpc/error-codec.ts'
import type { BackendComparison } from '../rpc/protocol.ts'
import { isAll, type Serving } from './backend-choice.ts'
import { assignRoles, describeComparison, mayMix } from './backend-comparison.ts'
import type { BackendLane, LaneOptions } from './backend-lane.ts'
import type { GpuCandidate } from './gpu-candidate.ts'
import type { InferenceSlot } from './inference-slot.ts'

/** A session on the GPU that passed its test, and takes no work yet. */
export interface StartedGpu {
  /** What runs: not the one that was asked for where that failed and another of its graphs passed. */
  candidate: GpuCandidate
  lane: BackendLane
  slot: InferenceSlot
}

/** Starts and times the GPU; a `GpuTrial`. */
interface Trial {
  remembered: (candidate: GpuCandidate) => Serving | null
  start: (candidate: GpuCandidate, cpu: BackendLane, lane: ContestOptions['lane']) => Promise<StartedGpu>
  compare: (gpu: StartedGpu, cpu: BackendLane) => Promise<BackendComparison>
  remark: (reason: string) => string
}

/** A GPU that passed, and what it is to serve. */
export interface Takeover {
  gpu: StartedGpu
  serving: Serving
}

export interface ContestOptions {
  candidate: GpuCandidate
  cpu: BackendLane
  lane: Omit<LaneOptions, 'test'>
  /** True once vectors were given out: then a GPU whose vectors differ has to wait for the next load. */
  spaceIsFixed: () => boolean
}

/** Tries the GPU. Never throws. @returns what it takes over; why not, where the CPU goes on alone */
export async function contend(trial: Trial, options: ContestOptions): Promise<Takeover | string> {
  const { candidate, cpu, lane, spaceIsFixed } = options
  const remembered = trial.remembered(candidate)
  const known = candidate.verdict?.comparison ?? null
  if (known !== null && remembered !== null && isAll('wasm', remembered)) {
    return `no faster than the CPU: ${describeComparison(known)}`
  }
  let gpu: StartedGpu | null = null
  try {
    gpu = await trial.start(candidate, cpu, lane)
    // Of another graph than that which was timed before, if that one failed now.
    const timed = known !== null && remembered !== null && gpu.candidate === candidate
    const comparison = timed ? known : await trial.compare(gpu, cpu)
    const sameDtype = cpu.chosen?.variant.dtype === gpu.candidate.variant.dtype
    const serving = assignRoles(comparison, sameDtype)
    if (!isAll('wasm', serving) && (mayMix(comparison, sameDtype) || !spaceIsFixed())) return { gpu, serving }
    const why = isAll('wasm', serving)
      ? 'no faster than the CPU'
      : 'from the next load on, as its vectors differ'
    gpu.slot.terminate()
    return trial.remark(`${why}: ${describeComparison(comparison)}`)
  } catch (error) {
    gpu?.slot.terminate()
    return trial.remark(describeError(error))
  }
}
