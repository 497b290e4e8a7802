/** What may be added to attention scores: something that hides padding, and nothing else. */

import type { GraphWalk } from './graph-walk.ts'

/** Operators by which exports turn the attention mask into 0 and a very negative number. */
const MASK_OPERATORS: ReadonlySet<string> = new Set([
  'Cast',
  'Concat',
  'ConstantOfShape',
  'Equal',
  'Expand',
  'Gather',
  'Mul',
  'Not',
  'Reshape',
  'Shape',
  'Slice',
  'Sub',
  'Unsqueeze',
  'Where',
])

/** Elements of the largest constant in such a graph; a table of position biases has more. */
const LARGEST_CONSTANT = 8

/** Nodes of the largest such graph. */
const MOST_NODES = 200

/**
 * True when `value` comes from the attention mask by the operators above and small constants alone. Without padding,
 * which is how texts run here, such a value adds nothing. Position biases (ALiBi, MPNet's and T5's buckets) and causal
 * masks need ranges, tables or comparisons of positions, and are seen.
 */
export function hidesPaddingOnly(walk: GraphWalk, value: string): boolean {
  const { constants, inputs, producers } = walk.graph
  const pending = [value]
  const seen = new Set<string>()
  let readsMask = false
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || seen.has(name)) continue
    seen.add(name)
    const constant = constants.get(name)
    if (constant !== undefined) {
      if (constant.size > LARGEST_CONSTANT) return false
      continue
    }
    if (inputs.has(name)) {
      if (name === 'attention_mask') readsMask = true
      else return false
      continue
    }
    const node = producers.get(name)
    if (node === undefined || !MASK_OPERATORS.has(node.op) || seen.size > MOST_NODES) return false
    // A shape is a shape, whatever it is of.
    if (node.op !== 'Shape') pending.push(...node.inputs)
  }
  return readsMask
}
