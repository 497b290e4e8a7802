/**
 * Softmax whose result does not depend on how far its rows are padded. onnxruntime adds a row's terms up in an order
 * that the row's length decides; where activations are rounded to 8 bits afterwards, that last bit grows, layer by
 * layer, to a cosine of 0.998 between a text alone and the same text in a batch. A matrix product adds in one order.
 */

import type { GraphFragment } from './graph-fragment.ts'
import type { GraphScan, ScannedNode } from './scan-graph.ts'

/** `TensorProto.DataType` of float16 */
const HALF = 10

/**
 * Adds such nodes for every softmax of attention.
 *
 * @returns the nodes that they stand for
 */
export function addSteadySoftmax(scan: GraphScan, fragment: GraphFragment): readonly ScannedNode[] {
  // The constants here are float32.
  const hasHalves =
    [...scan.constants.values()].some(({ type }) => type === 'float16') ||
    scan.nodes.some(({ op, integers }) => op === 'Cast' && integers.get('to') === HALF)
  if (hasHalves) return []
  const replaced = scan.nodes.filter((node) => node.op === 'Softmax' && isAlongLast(scan, node))
  for (const { inputs, outputs } of replaced) {
    const scores = inputs[0] ?? ''
    const below = fragment.node('Sub', [scores, fragment.alongAxis('ReduceMax', scores, -1, { keepdims: 1 })])
    const terms = fragment.node('Exp', [below])
    const columns = fragment.node('Gather', [
      fragment.node('Shape', [scores]),
      fragment.constant('int64', [-1]),
    ])
    const shape = fragment.node('Concat', [columns, fragment.constant('int64', [1])], { axis: 0 })
    const ones = fragment.node('Expand', [fragment.constant('float32', 1), shape])
    fragment.node('Div', [terms, fragment.node('MatMul', [terms, ones])], {}, outputs[0])
  }
  return replaced
}

/** Along the last of four dimensions, batch × heads × queries × keys, as a product with the values shows. */
function isAlongLast(scan: GraphScan, { integers, outputs }: ScannedNode): boolean {
  const axis = integers.get('axis')
  const output = outputs[0] ?? ''
  const readers = scan.nodes.filter(({ inputs }) => inputs.includes(output))
  return (
    axis === -1 ||
    (axis === 3 &&
      readers.length > 0 &&
      readers.every(({ op, inputs }) => op === 'MatMul' && inputs[0] === output))
  )
}
