/** Linear layers, in float, in 8-bit blocks, and dynamically quantised. */

import type { OnnxNode } from '../../engine/onnx/graph.ts'
import { numbersOf, type OnnxTensor } from '../../engine/onnx/tensor.ts'
import type { LinearSource } from './bert-weights.ts'
import type { GraphWalk } from './graph-walk.ts'
import { matchRoundedTokens, type RoundedInput } from './match-rounding.ts'

/** Null when `value` is not what a linear layer gives. */
export function matchLinear(walk: GraphWalk, value: string): LinearSource | null {
  const plain = matchProduct(walk, value)
  if (plain !== null) return plain
  // The bias may also be an input of the product's own node; then there is no other.
  for (const [product, biasName] of walk.bothWays(walk.node(value, 'Add'))) {
    const linear = walk.constant(biasName) === null ? null : matchProduct(walk, product)
    const bias = linear === null ? null : walk.vector(biasName, linear.outputs)
    if (linear?.bias === null && bias !== null) return { ...linear, bias }
  }
  return null
}

function matchProduct(walk: GraphWalk, value: string): LinearSource | null {
  return (
    matchMatMul(walk, walk.node(value, 'MatMul')) ??
    matchGemm(walk, walk.node(walk.node(value, 'Reshape')?.inputs[0] ?? value, 'Gemm')) ??
    matchBlocks(walk, walk.node(value, 'com.microsoft.MatMulNBits')) ??
    matchInteger(walk, walk.node(value, 'Mul')) ??
    matchTokenwise(walk, walk.node(value, 'Mul'))
  )
}

function shapeOf(tensor: OnnxTensor | null): [number, number] | null {
  const [inputs, outputs, ...rest] = tensor?.dims ?? []
  return inputs === undefined || outputs === undefined || rest.length > 0 ? null : [inputs, outputs]
}

/** Inputs that a node does not have are missing or named by an empty string. */
function isAbsent(name: string | undefined): name is undefined | '' {
  return name === undefined || name === ''
}

/** Null where the input is absent; undefined where it is no such vector. */
function optionalVector(
  walk: GraphWalk,
  name: string | undefined,
  size: number,
): Float32Array | null | undefined {
  return isAbsent(name) ? null : (walk.vector(name, size) ?? undefined)
}

function matchMatMul(walk: GraphWalk, node: OnnxNode | null): LinearSource | null {
  const [input, weights] = node?.inputs ?? []
  if (input === undefined) return null
  const found = floatMatrix(walk, weights) ?? dequantizedMatrix(walk, walk.node(weights, 'DequantizeLinear'))
  return found === null ? null : { input, ...found, bias: null, smoothing: null }
}

type Matrix = Pick<LinearSource, 'inputs' | 'outputs' | 'matrix'>

/** A constant of floats, as it is or turned over by a node. */
function floatMatrix(walk: GraphWalk, value: string | undefined, turned = false): Matrix | null {
  const transpose = turned ? null : walk.node(value, 'Transpose')
  if (transpose?.attributes.get('perm')?.integers.join() === '1,0')
    return floatMatrix(walk, transpose.inputs[0], true)
  const values = walk.constant(value)
  const shape = shapeOf(values)
  if (values === null || shape === null || (values.type !== 'float32' && values.type !== 'float16')) return null
  const [inputs, outputs] = turned ? [shape[1], shape[0]] : shape
  return { inputs, outputs, matrix: { kind: 'float', values, byOutput: turned } }
}

/** Weights alone in 8 bits, or those of a graph whose every value is rounded and restored (QDQ). */
function dequantizedMatrix(walk: GraphWalk, node: OnnxNode | null): Matrix | null {
  const [values, scale, zero] = node?.inputs ?? []
  const matrix = int8Matrix(walk, values, scale, zero)
  const perOutput = (node?.attributes.get('axis')?.integer ?? 1) === 1
  return perOutput || walk.scalar(scale) !== null ? matrix : null
}

/** A product of two matrices: the tokens of all texts, in one list, and the weights. */
function matchGemm(walk: GraphWalk, node: OnnxNode | null): LinearSource | null {
  const [rows, weights, biasName] = node?.inputs ?? []
  if (node === null || rows === undefined) return null
  const integer = (name: string): number => node.attributes.get(name)?.integer ?? 0
  const isPlain = ['alpha', 'beta'].every((name) => (node.attributes.get(name)?.float ?? 1) === 1)
  const found = floatMatrix(walk, weights, integer('transB') === 1)
  if (found === null || !isPlain || integer('transA') !== 0) return null
  const bias = optionalVector(walk, biasName, found.outputs)
  // The list keeps the tokens' order, and with the width of the matrix a token remains a row.
  const input = walk.node(rows, 'Reshape')?.inputs[0] ?? rows
  return bias === undefined ? null : { input, ...found, bias, smoothing: null }
}

function matchBlocks(walk: GraphWalk, node: OnnxNode | null): LinearSource | null {
  const integer = (name: string): number => node?.attributes.get(name)?.integer ?? 0
  const [inputs, outputs, block] = [integer('K'), integer('N'), integer('block_size')]
  const input = node?.inputs[0]
  const values = walk.constant(node?.inputs[1])
  const scales = walk.constant(node?.inputs[2])
  const [zeroPoints, order, biasName] = node?.inputs.slice(3) ?? []
  const bias = optionalVector(walk, biasName, outputs)
  if (input === undefined || values === null || scales === null || bias === undefined || integer('bits') !== 8)
    return null
  if (!isAbsent(zeroPoints) || !isAbsent(order)) return null
  if (block < 16 || inputs % block !== 0 || values.type !== 'uint8' || scales.type !== 'float32') return null
  if (values.size !== inputs * outputs || scales.size !== values.size / block) return null
  return { input, inputs, outputs, matrix: { kind: 'blocks', values, scales, block }, bias, smoothing: null }
}

/** Weights with their scales and zero points: each one number, or one for each output. */
function int8Matrix(
  walk: GraphWalk,
  value: string | undefined,
  scaleName: string | undefined,
  zeroName: string | undefined,
): Matrix | null {
  const values = walk.constant(value)
  const shape = shapeOf(values)
  if (values === null || shape === null || (values.type !== 'int8' && values.type !== 'uint8')) return null
  const [inputs, outputs] = shape
  const perOutput = (numbers: Float64Array | null): Float64Array | null =>
    numbers !== null && (numbers.length === 1 || numbers.length === outputs) ? numbers : null
  const scales = perOutput(walk.numbers(scaleName, outputs))
  const zero = isAbsent(zeroName) ? null : walk.constant(zeroName)
  const zeroPoints = isAbsent(zeroName)
    ? Float64Array.of(0)
    : perOutput(zero?.type === values.type ? numbersOf(zero) : null)
  if (scales === null || zeroPoints === null) return null
  return { inputs, outputs, matrix: { kind: 'int8', values, scales, zeroPoints } }
}

/** `DynamicQuantizeLinear`, `MatMulInteger`, and a product with both scales: what the hub's quantised files have. */
function matchInteger(walk: GraphWalk, node: OnnxNode | null): LinearSource | null {
  for (const [product, factors] of walk.bothWays(node)) {
    const integer = walk.node(product, 'MatMulInteger')
    const rounded = walk.node(integer?.inputs[0], 'DynamicQuantizeLinear')
    const input = rounded?.inputs[0]
    if (integer === null || rounded === null || input === undefined) continue
    if (integer.inputs[0] !== rounded.outputs[0] || integer.inputs[2] !== rounded.outputs[2]) continue
    for (const [activationScale, weightScale] of walk.bothWays(walk.node(factors, 'Mul'))) {
      if (activationScale !== rounded.outputs[1]) continue
      const matrix = int8Matrix(walk, integer.inputs[1], weightScale, integer.inputs[3])
      if (matrix !== null) return { input, ...matrix, bias: null, smoothing: null }
    }
  }
  return null
}

/** The files of `tools/prepare-model`: a scale for each token, applied behind `MatMulIntegerToFloat`. */
function matchTokenwise(walk: GraphWalk, node: OnnxNode | null): LinearSource | null {
  for (const [product, tokenScale] of walk.bothWays(node)) {
    const multiply = walk.node(product, 'com.microsoft.MatMulIntegerToFloat')
    if (multiply === null) continue
    const [values, weights, scale, weightScale, zeroPoint, weightZero, bias] = multiply.inputs
    const rounded: RoundedInput | null = matchRoundedTokens(walk, values, tokenScale, walk.scalar(zeroPoint))
    const matrix = int8Matrix(walk, weights, weightScale, weightZero)
    if (rounded === null || matrix === null || walk.scalar(scale) !== 1 || !isAbsent(bias)) continue
    const smoothing = rounded.smoothing === null ? null : walk.vector(rounded.smoothing, matrix.inputs)
    if (rounded.smoothing !== null && smoothing === null) continue
    return { input: rounded.input, ...matrix, bias: null, smoothing }
  }
  return null
}
