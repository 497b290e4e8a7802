/** Attention of all heads, in one node or written out. */

import type { LinearSource } from './bert-weights.ts'
import type { GraphWalk } from './graph-walk.ts'
import { matchLinear } from './match-linear.ts'
import { hidesPaddingOnly } from './match-mask.ts'

export interface AttentionMatch {
  query: LinearSource
  key: LinearSource
  value: LinearSource
  heads: number
  /** What the scores are multiplied by. */
  scoreScale: number
}

/** Null when `value` is not attention over three linear layers. */
export function matchAttention(walk: GraphWalk, value: string): AttentionMatch | null {
  return matchFused(walk, value) ?? matchWrittenOut(walk, value)
}

function matchFused(walk: GraphWalk, value: string): AttentionMatch | null {
  const node = walk.node(value, 'com.microsoft.MultiHeadAttention')
  const [q, k, v, biasName, paddingMask, bias, ...past] = node?.inputs ?? []
  const heads = node?.attributes.get('num_heads')?.integer ?? 0
  if (node === null || q === undefined || k === undefined || v === undefined) return null
  if ((paddingMask ?? '') !== '' || past.some((name) => name !== '')) return null
  if ((node.attributes.get('unidirectional')?.integer ?? 0) !== 0) return null
  if (bias !== undefined && bias !== '' && !hidesPaddingOnly(walk, bias)) return null
  const [query, key, values] = [matchLinear(walk, q), matchLinear(walk, k), matchLinear(walk, v)]
  if (query === null || key === null || values === null || heads < 1) return null
  const scale = node.attributes.get('scale')?.float ?? 0
  const scoreScale = scale > 0 ? scale : 1 / Math.sqrt(query.outputs / heads)
  if (biasName === undefined || biasName === '') return { query, key, value: values, heads, scoreScale }
  const width = query.outputs
  const biases = walk.vector(biasName, 3 * width)
  if (biases === null || [query, key, values].some((linear) => linear.bias !== null)) return null
  return {
    query: { ...query, bias: biases.subarray(0, width) },
    key: { ...key, bias: biases.subarray(width, 2 * width) },
    value: { ...values, bias: biases.subarray(2 * width) },
    heads,
    scoreScale,
  }
}

/** softmax(q kᵀ × scale + mask) v, heads taken apart and put together by `Reshape` and `Transpose`. */
function matchWrittenOut(walk: GraphWalk, value: string): AttentionMatch | null {
  const joined = transposed(walk, walk.node(value, 'Reshape')?.inputs[0], '0,2,1,3')
  const mixed = walk.node(joined, 'MatMul')
  const softmax = walk.node(withoutGuard(walk, mixed?.inputs[0]), 'Softmax')
  const axis = softmax?.attributes.get('axis')?.integer ?? -1
  if (mixed === null || softmax === null || (axis !== -1 && axis !== 3)) return null
  const values = matchHeads(walk, transposed(walk, mixed.inputs[1], '0,2,1,3'))
  const scores = matchScores(walk, softmax.inputs[0])
  if (values === null || scores === null) return null
  if (values.heads !== scores.heads || values.headSize !== scores.headSize) return null
  const { query, key, heads, scoreScale } = scores
  return { query, key, value: values.linear, heads, scoreScale }
}

/** What a row that hides every token would be 0 instead of: Where(IsNaN(x), 0, x). */
function withoutGuard(walk: GraphWalk, value: string | undefined): string | undefined {
  const [condition, zero, kept] = walk.node(value, 'Where')?.inputs ?? []
  const isGuard = walk.same(walk.node(condition, 'IsNaN')?.inputs[0], kept) && walk.scalar(zero) === 0
  return isGuard ? kept : value
}

interface Scores {
  query: LinearSource
  key: LinearSource
  heads: number
  headSize: number
  scoreScale: number
}

function matchScores(walk: GraphWalk, value: string | undefined): Scores | null {
  for (const candidate of [...unmasked(walk, value), value]) {
    const whole = withoutFactor(walk, candidate)
    const product = walk.node(whole.value, 'MatMul')
    const q = withoutFactor(walk, product?.inputs[0])
    const k = withoutFactor(walk, product?.inputs[1])
    const query = matchHeads(walk, transposed(walk, q.value, '0,2,1,3'))
    const key = matchHeads(walk, matchKeys(walk, k.value))
    if (query === null || key === null) continue
    if (query.heads !== key.heads || query.headSize !== key.headSize) continue
    const { heads, headSize, linear } = query
    const factors = [whole, q, k].map(({ factor }) => factor(headSize))
    const scoreScale = factors.reduce((product, factor) => product * factor, 1)
    // Not a number where a factor is none that is known.
    if (!(scoreScale > 0)) continue
    return { query: linear, key: key.linear, heads, headSize, scoreScale }
  }
  return null
}

/** Scores before something that hides padding is added to them, or put in their place. */
function unmasked(walk: GraphWalk, value: string | undefined): string[] {
  const [condition, lowest, scores] = walk.node(value, 'Where')?.inputs ?? []
  if (condition !== undefined && scores !== undefined) {
    const hides = (walk.scalar(lowest) ?? 0) < -1e4 && hidesPaddingOnly(walk, condition)
    return hides ? [scores] : []
  }
  return walk
    .bothWays(walk.node(value, 'Add'))
    .filter(([, mask]) => hidesPaddingOnly(walk, mask))
    .map(([sum]) => sum)
}

/** Keys are transposed in one step or in two. */
function matchKeys(walk: GraphWalk, value: string | undefined): string | undefined {
  return transposed(walk, value, '0,2,3,1') ?? transposed(walk, transposed(walk, value, '0,1,3,2'), '0,2,1,3')
}

/** A value, and what it is multiplied by in heads of a size. */
interface Scaled {
  value: string | undefined
  factor: (headSize: number) => number
}

function withoutFactor(walk: GraphWalk, value: string | undefined): Scaled {
  const quotient = walk.node(value, 'Div')
  const divisor = quotient?.inputs[1]
  if (quotient !== null && isHeadNumber(walk, divisor))
    return { value: quotient.inputs[0], factor: (headSize) => 1 / headNumber(walk, divisor, headSize) }
  for (const [rest, factor] of walk.bothWays(walk.node(value, 'Mul'))) {
    if (isHeadNumber(walk, factor))
      return { value: rest, factor: (headSize) => headNumber(walk, factor, headSize) }
  }
  return { value, factor: () => 1 }
}

/** Longest computation of a factor. */
const LONGEST_FACTOR = 8

const isHeadNumber = (walk: GraphWalk, value: string | undefined): boolean =>
  !Number.isNaN(headNumber(walk, value, 1))

/** A number that is constant or computed from the last dimension of the heads, as exporters write 1 / √(head size); else NaN. */
function headNumber(walk: GraphWalk, value: string | undefined, headSize: number, depth = 0): number {
  const constant = walk.scalar(value)
  if (constant !== null) return constant
  const node = walk.node(value, 'Sqrt', 'Div', 'Mul', 'Slice', 'Gather')
  if (node === null || depth > LONGEST_FACTOR) return NaN
  const [a, b] = node.inputs
  const input = (name: string | undefined): number => headNumber(walk, name, headSize, depth + 1)
  if (node.op === 'Sqrt') return Math.sqrt(input(a))
  if (node.op === 'Div') return input(a) / input(b)
  if (node.op === 'Mul') return input(a) * input(b)
  // Of the four dimensions of the heads' tensor, the last one.
  const last = walk.scalar(b)
  const heads = walk.node(a, 'Shape')?.inputs[0]
  return transposed(walk, heads, '0,2,1,3') !== undefined && (last === -1 || last === 3) ? headSize : NaN
}

function transposed(walk: GraphWalk, value: string | undefined, order: string): string | undefined {
  const node = walk.node(value, 'Transpose')
  return node?.attributes.get('perm')?.integers.join() === order ? node.inputs[0] : undefined
}

/** A linear layer whose columns are parted into heads. */
function matchHeads(
  walk: GraphWalk,
  value: string | undefined,
): { linear: LinearSource; heads: number; headSize: number } | null {
  const reshape = walk.node(value, 'Reshape')
  const input = reshape?.inputs[0]
  const linear = input === undefined ? null : matchLinear(walk, input)
  const [heads, headSize] = lastTwo(walk, reshape?.inputs[1])
  if (linear === null || heads === null || headSize === null) return null
  return heads > 0 && heads * headSize === linear.outputs ? { linear, heads, headSize } : null
}

/** The last two of the four dimensions that a reshape gives: constants, whatever the first two are. */
function lastTwo(walk: GraphWalk, shape: string | undefined): [number | null, number | null] {
  const numbers = walk.numbers(shape, 4)
  if (numbers?.length === 4) return [numbers[2] ?? null, numbers[3] ?? null]
  const parts = walk.node(shape, 'Concat')?.inputs ?? []
  return parts.length === 4 ? [walk.scalar(parts[2]), walk.scalar(parts[3])] : [null, null]
}
