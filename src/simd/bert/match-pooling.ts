/** The end of graphs that pool and normalise themselves. */

import type { Pooling } from '../../models/recipe.ts'
import type { GraphWalk } from './graph-walk.ts'

/** The token vectors behind a pooled vector; null for any other end. Its length is of no account: the encoder makes it 1. */
export function matchPooling(walk: GraphWalk, value: string, pooling: Pooling): string | null {
  const sum = withoutLength(walk, value)
  if (pooling === 'mean') return matchMaskedSum(walk, sum) ?? matchMean(walk, sum)
  return pooling === 'cls' ? matchFirst(walk, sum) : null
}

/** What is divided by its own length, if anything is. */
function withoutLength(walk: GraphWalk, value: string): string {
  const quotient = walk.node(value, 'Div')
  const floor = walk.node(walk.node(quotient?.inputs[1], 'Expand')?.inputs[0] ?? quotient?.inputs[1], 'Clip')
  const norm = walk.node(floor?.inputs[0] ?? quotient?.inputs[1], 'ReduceL2')
  const vector = quotient?.inputs[0]
  if (norm === null || vector === undefined || !walk.same(norm.inputs[0], vector)) return value
  const axis = walk.axes(norm).join()
  return axis === '-1' || axis === '1' ? vector : value
}

/** mask × token vectors as a product of matrices, as `tools/prepare-model` writes it. */
function matchMaskedSum(walk: GraphWalk, value: string): string | null {
  const squeezed = walk.node(value, 'Squeeze')
  const total = walk.node(squeezed?.inputs[0], 'MatMul')
  const mask = walk.node(total?.inputs[0], 'Unsqueeze')
  if (squeezed === null || mask === null || !walk.same(mask.inputs[0], 'attention_mask')) return null
  const axes = [mask, squeezed].map((node) => walk.axes(node).join())
  return axes.every((axis) => axis === '1') ? (total?.inputs[1] ?? null) : null
}

/** The sum of mask × token vectors by the number of tokens, as sentence-transformers exports it. */
function matchMean(walk: GraphWalk, value: string): string | null {
  const mean = walk.node(value, 'Div')
  const total = walk.node(mean?.inputs[0], 'ReduceSum')
  const floor = walk.node(mean?.inputs[1], 'Clip')
  const count = walk.node(floor?.inputs[0] ?? mean?.inputs[1], 'ReduceSum')
  if (total === null || count === null) return null
  const areSums = [total, count].every(
    (node) => walk.axes(node).join() === '1' && node.attributes.get('keepdims')?.integer === 0,
  )
  const [tokens] = walk
    .bothWays(walk.node(total.inputs[0], 'Mul'))
    .filter(([, mask]) => walk.same(mask, count.inputs[0]) && isMask(walk, mask))
  return areSums ? (tokens?.[0] ?? null) : null
}

/** The attention mask, as wide as the token vectors. */
function isMask(walk: GraphWalk, value: string): boolean {
  const wide = walk.node(value, 'Expand')
  const mask = walk.node(wide?.inputs[0] ?? value, 'Unsqueeze')
  const axis = mask === null ? '' : walk.axes(mask).join()
  return walk.same(mask?.inputs[0], 'attention_mask') && (axis === '-1' || axis === '2')
}

/** The first token's vector. */
function matchFirst(walk: GraphWalk, value: string): string | null {
  const first = walk.node(value, 'Gather')
  const axis = first?.attributes.get('axis')?.integer
  return axis === 1 && walk.scalar(first?.inputs[1]) === 0 ? (first?.inputs[0] ?? null) : null
}
