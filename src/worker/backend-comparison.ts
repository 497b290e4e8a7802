/** What two backends are to serve, by their times and vectors. Pure. */

import type { BackendComparison } from '../rpc/protocol.ts'
import type { Device } from '../models/recipe.ts'
import { allOn, type Serving } from './backend-choice.ts'

/** From here on vectors of two backends may be mixed: beyond what a comparison of vectors can show. */
export const LEAST_AGREEMENT = 0.998

/** WebGPU is taken where it needs at most this share of the CPU's time: a second session costs memory. */
const WORTHWHILE = 0.8

/** A query on WebGPU may take this many times the CPU's where one backend has to serve everything. */
const BEARABLE = 2

/** Whether vectors of the two may be mixed under one fingerprint. */
export function mayMix(comparison: BackendComparison, sameDtype: boolean): boolean {
  return sameDtype && comparison.agreement >= LEAST_AGREEMENT
}

/**
 * Who serves what from now on.
 *
 * @param sameDtype both run the same weights: a GPU that differs all the same serves nothing, for the CPU is taken for right
 */
export function assignRoles(comparison: BackendComparison, sameDtype: boolean): Serving {
  const { webgpu, wasm } = comparison
  const device = (better: boolean): Device => (better ? 'webgpu' : 'wasm')
  const fasterQuery = webgpu.query <= wasm.query * WORTHWHILE
  const fasterBulk = webgpu.bulk <= wasm.bulk * WORTHWHILE
  if (mayMix(comparison, sameDtype)) {
    return { interactive: device(fasterQuery), background: device(fasterBulk) }
  }
  if (sameDtype) return allOn('wasm')
  const one = device(fasterBulk && webgpu.query <= wasm.query * BEARABLE)
  return { interactive: one, background: one }
}

/** For `status`: what was measured. */
export function describeComparison({ webgpu, wasm, agreement }: BackendComparison): string {
  const ms = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0))
  return (
    `a query ${ms(webgpu.query)} ms, on the CPU ${ms(wasm.query)} ms; ` +
    `1,000 tokens ${ms(webgpu.bulk)} ms, on the CPU ${ms(wasm.bulk)} ms; cosine ${agreement.toFixed(4)}`
  )
}
