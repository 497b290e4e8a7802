/** Linear layers from the file into the encoder's memory: int8, scales, biases, sums. */

import type { LinearSource, MatrixSource } from './bert/bert-weights.ts'
import type { EncoderExports } from './encoder-module.ts'
import type { LinearPlan } from './memory-arena.ts'
import { UnsupportedModelError } from './unsupported-model.ts'

/** Where packing writes. */
export interface PackTarget {
  exports: EncoderExports
  memory: ArrayBufferLike
  /** First free address: what is to be packed is put here first. */
  staging: number
}

/** A part of a packed layer: some of its outputs, from one matrix of the file. */
interface Part {
  linear: LinearSource
  /** First output. */
  first: number
  /** What the part's results are multiplied by. */
  gain: number
}

/** Bytes that packing a matrix needs besides its result. */
export function matrixStagingBytes({ inputs, outputs }: LinearSource): number {
  // The file's values, the same as float32 and as int8, and a row of each.
  return inputs * outputs * 9 + (inputs + outputs) * 16 + 1024
}

/**
 * Packs one layer.
 *
 * @param linears matrices whose outputs stand side by side in the packed layer
 * @param gains what the results of each are multiplied by
 */
export function packLinear(
  target: PackTarget,
  plan: LinearPlan,
  linears: readonly LinearSource[],
  gains: readonly number[],
): void {
  const smoothing = sharedSmoothing(linears)
  const factors = new Float32Array(target.memory, plan.smoothing, plan.inputs)
  if (smoothing === null) factors.fill(1)
  else factors.set(smoothing)
  let first = 0
  for (const [index, linear] of linears.entries()) {
    packPart(target, plan, { linear, first, gain: gains[index] ?? 1 })
    first += linear.outputs
  }
  const blocks = (plan.inputs / plan.block) * (plan.outputs / 16)
  target.exports.measureWeights(plan.weights, plan.laneSums, plan.limits, blocks, plan.block)
  target.exports.sumBlocks(plan.weights, plan.sums, plan.inputs, plan.outputs, plan.block)
}

/** Factors that the file has; one set, for the matrices read the same activations. */
function sharedSmoothing(linears: readonly LinearSource[]): Float32Array | null {
  const factors = linears[0]?.smoothing ?? null
  const differ = linears.some(
    ({ smoothing }) =>
      (smoothing === null) !== (factors === null) || smoothing?.some((factor, at) => factor !== factors?.[at]),
  )
  if (differ) throw new UnsupportedModelError('graph', 'query, key and value have different smoothing factors')
  return factors
}

/** The integer that stands for a weight of 0 once the values are int8. */
function middleOf(matrix: MatrixSource & { kind: 'int8' }): number {
  return matrix.values.type === 'uint8' ? 128 : 0
}

/** True for int8 weights around zero, which are packed as they are. */
function keepsIntegers(matrix: MatrixSource): matrix is MatrixSource & { kind: 'int8' } {
  return matrix.kind === 'int8' && matrix.zeroPoints.every((zero) => zero === middleOf(matrix))
}

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

function packPart(target: PackTarget, plan: LinearPlan, part: Part): void {
  const { exports, memory } = target
  const { linear, first, gain } = part
  const { inputs, outputs, matrix } = linear
  const to = plan.weights + first * inputs
  const scales = new Float32Array(memory, plan.scales + first * 4, outputs)
  if (keepsIntegers(matrix)) {
    new Uint8Array(memory).set(matrix.values.bytes, target.staging)
    if (matrix.values.type === 'uint8') exports.toSigned(target.staging, inputs * outputs)
    exports.packColumns(target.staging, to, inputs, outputs)
    for (let output = 0; output < outputs; output++) {
      scales[output] = matrix.scales[matrix.scales.length === 1 ? 0 : output] ?? 0
    }
  } else quantizePart(target, linear, to, scales.byteOffset)
  const bias = new Float32Array(memory, plan.bias + first * 4, outputs)
  for (let output = 0; output < outputs; output++) {
    scales[output] = (scales[output] ?? 0) * gain
    bias[output] = (linear.bias?.[output] ?? 0) * gain
  }
}

/** Rounds a float matrix to int8 with a scale for each output. */
function quantizePart(target: PackTarget, linear: LinearSource, to: number, scales: number): void {
  const { exports } = target
  const { inputs, outputs, matrix } = linear
  const floats = stageFloats(target, linear)
  const steps = floats + align(inputs * outputs * 4)
  const integers = steps + align(outputs * 4)
  if (matrix.kind === 'blocks' || (matrix.kind === 'float' && matrix.byOutput)) {
    exports.quantizeRows(floats, integers, scales, outputs, inputs)
    exports.packRows(integers, to, inputs, outputs)
  } else {
    exports.quantizeColumns(floats, integers, scales, steps, inputs, outputs)
    exports.packColumns(integers, to, inputs, outputs)
  }
}

/**
 * Puts a matrix into the staging memory as float32: [outputs][inputs] for blocks and where the file has it so, else [inputs][outputs].
 *
 * @returns its address
 */
function stageFloats(
  { exports, memory, staging }: PackTarget,
  { inputs, outputs, matrix }: LinearSource,
): number {
  const count = inputs * outputs
  const raw = new Uint8Array(memory, staging, matrix.values.bytes.length)
  if (matrix.kind === 'float' && matrix.values.type === 'float32') {
    raw.set(matrix.values.bytes)
    return staging
  }
  if (matrix.kind === 'int8') return stageAsymmetric(memory, staging, matrix, outputs)
  const scales = staging + align(raw.length)
  const floats = scales + (matrix.kind === 'blocks' ? align(matrix.scales.bytes.length) : 0)
  raw.set(matrix.values.bytes)
  if (matrix.kind === 'float') exports.widenHalves(staging, floats, count)
  else {
    new Uint8Array(memory).set(matrix.scales.bytes, scales)
    exports.toSigned(staging, count)
    exports.dequantizeBlocks(staging, scales, floats, count, matrix.block)
  }
  return floats
}

/** Weights around another number than zero do not fit into int8 with their zero at zero: they are rounded anew. */
function stageAsymmetric(
  memory: ArrayBufferLike,
  staging: number,
  { values, scales, zeroPoints }: MatrixSource & { kind: 'int8' },
  outputs: number,
): number {
  const floats = new Float32Array(memory, staging, values.size)
  const { buffer, byteOffset, length } = values.bytes
  const steps = values.type === 'uint8' ? values.bytes : new Int8Array(buffer, byteOffset, length)
  for (let at = 0, output = 0; at < floats.length; at++) {
    const zero = zeroPoints[zeroPoints.length === 1 ? 0 : output] ?? 0
    floats[at] = ((steps[at] ?? 0) - zero) * (scales[scales.length === 1 ? 0 : output] ?? 0)
    output = output + 1 === outputs ? 0 : output + 1
  }
  return staging
}
