/** Pooling and L2 normalisation inside a graph that gives one vector a token. */

import type { Pooling } from '../../models/recipe.ts'
import type { GraphFragment } from './graph-fragment.ts'
import type { GraphScan } from './scan-graph.ts'

const MASK = 'attention_mask'

/** Below it the operators used here have other attributes; exports of 2020 and older have such. */
const LEAST_OPSET = 11

/** Added to a vector's length, so that nothing is divided by zero. As small as torch.nn.functional.normalize's floor. */
const FLOOR = 1e-12

/** Why a graph cannot be made to pool; null where it can. */
export function whyNotPooled(scan: GraphScan, hidden: string): string | null {
  const output = scan.outputs.find(({ name }) => name === hidden)
  if (output === undefined) return `the graph has no output ${hidden}`
  if (output.type !== 'float32' && output.type !== 'float16') return `${hidden} is not of float32 or float16`
  if (output.dims !== null && output.dims.length !== 3) return `${hidden} has not three dimensions`
  if (!scan.inputs.some(({ name }) => name === MASK)) return `the graph has no input ${MASK}`
  const opset = scan.opsets.get('') ?? 0
  return opset < LEAST_OPSET ? `the graph is of operator set ${String(opset)}` : null
}

/**
 * Adds a text's vector, `[batch, width]` in float32 and L2-normalised, as an output: `mean` of the tokens that the mask
 * shows (their sum, for normalising makes these equal), or the first (`cls`) or the `last` of them, on whichever side
 * the padding lies.
 *
 * @param hidden `[batch, sequence, width]`, in float32 or float16
 * @returns the output's name
 */
export function addPooledOutput(
  scan: GraphScan,
  fragment: GraphFragment,
  hidden: string,
  pooling: Pooling,
): string {
  const isHalf = scan.outputs.some(({ name, type }) => name === hidden && type === 'float16')
  const tokens = isHalf ? fragment.cast(hidden, 'float32') : hidden
  const kept = fragment.alongAxis('Unsqueeze', fragment.cast(keptTokens(fragment, pooling), 'bool'), 2)
  // Not a product with the mask: what a graph computes for padding may be infinite or not a number.
  const rows = fragment.node('Where', [kept, tokens, fragment.constant('float32', 0)])
  const pooled = fragment.alongAxis('ReduceSum', rows, 1, { keepdims: 0 })
  const length = fragment.alongAxis('ReduceL2', pooled, 1, { keepdims: 1 })
  const divisor = fragment.node('Add', [length, fragment.constant('float32', FLOOR)])
  const output = fragment.freeName('sentence_embedding')
  fragment.node('Div', [pooled, divisor], {}, output)
  fragment.output(output)
  return output
}

/**
 * 1 for a token that counts and 0 for any other, `[batch, sequence]`. In int64, which WebGPU does not have: so this runs
 * on the CPU, where the mask is, and nothing of it has to be read back.
 */
function keptTokens(fragment: GraphFragment, pooling: Pooling): string {
  const mask = fragment.cast(MASK, 'int64')
  if (pooling === 'mean') return mask
  const axis = fragment.constant('int64', [1])
  const [from, to] = pooling === 'last' ? [1, 2 ** 31 - 1] : [0, -1]
  const others = fragment.node('Slice', [
    mask,
    fragment.constant('int64', [from]),
    fragment.constant('int64', [to]),
    axis,
  ])
  const column = fragment.node('Slice', [mask, fragment.constant('int64', [0]), axis, axis])
  const nothing = fragment.node('Sub', [column, column])
  // The mask moved by one: what stands beside each token, on the side away from the text's inside.
  const beside = fragment.node('Concat', pooling === 'last' ? [others, nothing] : [nothing, others], {
    axis: 1,
  })
  return fragment.node('Mul', [mask, fragment.node('Sub', [fragment.constant('int64', 1), beside])])
}
