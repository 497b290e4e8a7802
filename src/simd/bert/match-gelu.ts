/** GELU by the error function, in one node or written out. */

import type { GraphWalk } from './graph-walk.ts'

export interface GeluMatch {
  /** What the function is taken of, but for the bias. */
  input: string
  /** Name of the bias that the node adds first; null: none. */
  bias: string | null
}

/** Null when `value` is not the GELU of another. The tanh approximation is another function. */
export function matchGelu(walk: GraphWalk, value: string): GeluMatch | null {
  const biased = walk.node(value, 'com.microsoft.BiasGelu')
  if (biased !== null) {
    const [input, bias] = biased.inputs
    return input === undefined || bias === undefined ? null : { input, bias }
  }
  const fused = walk.node(value, 'Gelu', 'com.microsoft.Gelu')
  if (fused !== null) {
    const approximate = fused.attributes.get('approximate')?.text ?? 'none'
    const input = fused.inputs[0]
    return approximate !== 'none' || input === undefined ? null : { input, bias: null }
  }
  return matchWrittenOut(walk, value)
}

/** x × (erf(x / √2) + 1) × ½, the products in any order. */
function matchWrittenOut(walk: GraphWalk, value: string): GeluMatch | null {
  const factors = threeFactors(walk, value)
  for (const [half, x, sum] of factors) {
    if (walk.scalar(half) !== 0.5) continue
    for (const [erf, one] of walk.bothWays(walk.node(sum, 'Add'))) {
      const argument = walk.node(erf, 'Erf')?.inputs[0]
      if (walk.scalar(one) === 1 && walk.same(timesHalfRoot(walk, argument), x)) return { input: x, bias: null }
    }
  }
  return null
}

/** The factors of a × (b × c) in all orders. */
function threeFactors(walk: GraphWalk, value: string): [string, string, string][] {
  return walk.bothWays(walk.node(value, 'Mul')).flatMap(([a, rest]) =>
    walk.bothWays(walk.node(rest, 'Mul')).flatMap(([b, c]): [string, string, string][] => [
      [a, b, c],
      [b, a, c],
      [c, a, b],
      [b, c, a],
    ]),
  )
}

/** The x of x / √2. */
function timesHalfRoot(walk: GraphWalk, value: string | undefined): string | undefined {
  const near = (number: number | null, expected: number): boolean =>
    number !== null && Math.abs(number - expected) < 1e-3
  const quotient = walk.node(value, 'Div')
  if (quotient !== null)
    return near(walk.scalar(quotient.inputs[1]), Math.SQRT2) ? quotient.inputs[0] : undefined
  const [found] = walk
    .bothWays(walk.node(value, 'Mul'))
    .filter(([, factor]) => near(walk.scalar(factor), Math.SQRT1_2))
  return found?.[0]
}
