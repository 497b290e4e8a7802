/** Activations rounded with one scale for each token, as `tools/prepare-model/wasm_variant.py` writes it. */

import type { GraphWalk } from './graph-walk.ts'

export interface RoundedInput {
  /** The activations before they are rounded and smoothed. */
  input: string
  /** Name of the factors on their channels; null: none. */
  smoothing: string | null
}

/**
 * Matches Cast(x × (top / range) + zero point + ½) to uint8, with range / top as the token's scale.
 *
 * @param values the rounded activations
 * @param tokenScale what the product with them is multiplied by
 */
export function matchRoundedTokens(
  walk: GraphWalk,
  values: string | undefined,
  tokenScale: string,
  zeroPoint: number | null,
): RoundedInput | null {
  const cast = walk.node(values, 'Cast')
  const shifted = walk.node(cast?.inputs[0], 'Add')
  const steps = walk.node(shifted?.inputs[0], 'Mul')
  const stepsPerUnit = walk.node(steps?.inputs[1], 'Div')
  const scale = walk.node(tokenScale, 'Div')
  const offset = walk.scalar(shifted?.inputs[1])
  const activations = steps?.inputs[0]
  if (cast?.attributes.get('to')?.integer !== 2 || stepsPerUnit === null || scale === null) return null
  if (zeroPoint === null || offset !== zeroPoint + 0.5 || activations === undefined) return null
  const top = walk.scalar(stepsPerUnit.inputs[0])
  const inverse = top !== null && walk.scalar(scale.inputs[1]) === top
  if (!inverse || !walk.same(stepsPerUnit.inputs[1], scale.inputs[0])) return null
  for (const [input, smoothing] of walk.bothWays(walk.node(activations, 'Mul'))) {
    if (walk.constant(smoothing) !== null) return { input, smoothing }
  }
  return { input: activations, smoothing: null }
}
