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
}

/** Tries the GPU. Never throws. @returns what it takes over; why not, where the CPU goes on alone */
export async function contend(trial: Trial, options: ContestOptions): Promise<Takeover | string> {
  const { candidate, cpu, lane } = options
  const sameDtype = (gpu: GpuCandidate): boolean => cpu.chosen?.variant.dtype === gpu.variant.dtype
  const remembered = trial.remembered(candidate)
  const known = candidate.verdict?.comparison ?? null
  if (known !== null && remembered !== null && isAll('wasm', remembered)) {
    return whyNot(known, sameDtype(candidate))
  }
  let gpu: StartedGpu | null = null
  try {
    gpu = await trial.start(candidate, cpu, lane)
    // Of another graph than that which was timed before, if that one failed now.
    const timed = known !== null && remembered !== null && gpu.candidate === candidate
    const comparison = timed ? known : await trial.compare(gpu, cpu)
    const serving = assignRoles(comparison, sameDtype(gpu.candidate))
    if (!isAll('wasm', serving)) return { gpu, serving }
    gpu.slot.terminate()
    return trial.remark(whyNot(comparison, sameDtype(gpu.candidate)))
  } catch (error) {
    gpu?.slot.terminate()
    return trial.remark(describeError(error))
  }
}

function whyNot(comparison: BackendComparison, sameDtype: boolean): string {
  const differs = sameDtype && !mayMix(comparison, sameDtype)
  const why = differs ? "its vectors differ from the CPU's" : 'no faster than the CPU'
  return `${why}: ${describeComparison(comparison)}`
}
