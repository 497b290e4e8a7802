/** The end of graphs that pool and normalise themselves. */

import type { GraphWalk } from './graph-walk.ts'

/**
 * The token vectors behind a normalised sum over the tokens that the mask leaves, as `tools/prepare-model` writes it.
 * Null for any other end.
 */
export function matchMeanPooling(walk: GraphWalk, value: string): string | null {
  const quotient = walk.node(value, 'Div')
  const floor = walk.node(quotient?.inputs[1], 'Clip')
  const norm = walk.node(floor?.inputs[0] ?? quotient?.inputs[1], 'ReduceL2')
  const squeezed = walk.node(quotient?.inputs[0], 'Squeeze')
  const total = walk.node(squeezed?.inputs[0], 'MatMul')
  const mask = walk.node(total?.inputs[0], 'Unsqueeze')
  if (norm === null || squeezed === null || mask === null) return null
  if (!walk.same(norm.inputs[0], quotient?.inputs[0]) || !walk.same(mask.inputs[0], 'attention_mask'))
    return null
  if (walk.axes(norm).join() !== '-1' || walk.axes(mask).join() !== '1' || walk.axes(squeezed).join() !== '1')
    return null
  return total?.inputs[1] ?? null
}
