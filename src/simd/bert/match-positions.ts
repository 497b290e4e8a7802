/** Which rows of the position and type tables the tokens get. */

import type { OnnxNode } from '../../engine/onnx/graph.ts'
import { numbersOf } from '../../engine/onnx/tensor.ts'
import type { GraphWalk } from './graph-walk.ts'

/** Most positions that a table may have. */
const MOST_POSITIONS = 131_072

/** Operators that repeat or cut a constant of one number, and change no element. */
const SPREADING = ['Expand', 'Slice', 'Unsqueeze', 'Reshape'] as const

/** Most of them one after the other. */
const MOST_SPREADING = 4

/** True where a slice takes the first elements, as many as the text has tokens. */
export function takesLength(walk: GraphWalk, slice: OnnxNode): boolean {
  const step = slice.inputs[4] === undefined ? 1 : walk.scalar(slice.inputs[4])
  return walk.scalar(slice.inputs[1]) === 0 && step === 1 && endsAtLength(walk, slice.inputs[2])
}

/** True for the second dimension of the token ids: the number of tokens. */
function endsAtLength(walk: GraphWalk, value: string | undefined): boolean {
  const whole = walk.node(value, 'Shape')
  if (whole !== null) {
    const from = whole.attributes.get('start')?.integer ?? 0
    return from === 1 && whole.attributes.get('end')?.integer === 2 && isTokens(walk, whole.inputs[0])
  }
  const unsqueezed = walk.node(value, 'Unsqueeze')
  const chosen = walk.node(unsqueezed?.inputs[0] ?? value, 'Gather')
  const shape = walk.node(chosen?.inputs[0], 'Shape')
  return walk.scalar(chosen?.inputs[1]) === 1 && isTokens(walk, shape?.inputs[0])
}

function isTokens(walk: GraphWalk, value: string | undefined): boolean {
  return walk.integers(value) === 'input_ids'
}

/** True for the positions 0, 1, 2, …, as many as the text has tokens. */
export function countsTokens(walk: GraphWalk, indices: string, rows: number): boolean {
  const slice = walk.node(indices, 'Slice')
  const ids = walk.constant(slice?.inputs[0])
  if (slice === null || ids === null || ids.size > MOST_POSITIONS || ids.size < rows) return false
  const axis = slice.inputs[3] === undefined ? 0 : walk.scalar(slice.inputs[3])
  if (axis !== ids.dims.length - 1 || !takesLength(walk, slice)) return false
  return numbersOf(ids)?.every((id, index) => id === index) ?? false
}

/**
 * The padding's id where positions are RoBERTa's (Liu et al., arXiv 1907.11692; `create_position_ids_from_input_ids` of
 * transformers): tokens are counted from that id plus one on, and a token that is the padding itself gets the id. Null for any other.
 */
export function paddingOfPositions(walk: GraphWalk, indices: string): number | null {
  for (const [counted, idName] of walk.bothWays(walk.node(walk.integers(indices), 'Add'))) {
    const padding = walk.scalar(idName)
    if (padding === null) continue
    for (const [sum, kept] of walk.bothWays(walk.node(walk.integers(counted), 'Mul'))) {
      const cumulative = walk.node(withoutZero(walk, walk.integers(sum)), 'CumSum')
      const axis = walk.scalar(cumulative?.inputs[1])
      const attributes = ['exclusive', 'reverse'].map((name) => cumulative?.attributes.get(name)?.integer ?? 0)
      const tokens = walk.integers(kept)
      if (cumulative === null || (axis !== 1 && axis !== -1) || attributes.some((set) => set !== 0)) continue
      if (walk.integers(cumulative.inputs[0]) === tokens && isNotPadding(walk, tokens, padding)) return padding
    }
  }
  return null
}

/** What 0, the number of tokens before the text, is added to. */
function withoutZero(walk: GraphWalk, value: string): string {
  const [rest] = walk.bothWays(walk.node(value, 'Add')).filter(([, zero]) => walk.scalar(zero) === 0)
  return rest === undefined ? value : walk.integers(rest[0])
}

function isNotPadding(walk: GraphWalk, value: string, padding: number): boolean {
  const equal = walk.node(walk.node(value, 'Not')?.inputs[0], 'Equal')
  return walk
    .bothWays(equal)
    .some(([tokens, idName]) => isTokens(walk, tokens) && walk.scalar(idName) === padding)
}

/** True where every token gets the first row: the table of types in models whose texts have one type only. */
export function isFirstRow(walk: GraphWalk, indices: string): boolean {
  let name = walk.integers(indices)
  for (let step = 0; step <= MOST_SPREADING; step++) {
    const constant = walk.constant(name)
    if (constant !== null) return constant.size <= MOST_POSITIONS && isZero(numbersOf(constant))
    const filled = walk.node(name, 'ConstantOfShape')
    if (filled !== null) {
      const value = filled.attributes.get('value')?.tensor
      return value === undefined || isZero(numbersOf(value))
    }
    name = walk.integers(walk.node(name, ...SPREADING)?.inputs[0])
  }
  return false
}

function isZero(numbers: Float64Array | null): boolean {
  return numbers?.every((number) => number === 0) ?? false
}
