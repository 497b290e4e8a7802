/** Layer normalisations: one node, one node with the residual, or the nine nodes that older exports have. */

import type { OnnxNode } from '../../engine/onnx/graph.ts'
import type { NormSource } from './bert-weights.ts'
import type { GraphWalk } from './graph-walk.ts'

export interface NormMatch extends NormSource {
  /** What is normalised: one value, or the two whose sum it is. */
  terms: readonly string[]
  /** Added to that sum. */
  bias: Float32Array | null
}

const EPSILON = 1e-5

/** Null when `value` is not the output of a layer normalisation of this width. */
export function matchNorm(walk: GraphWalk, value: string, width: number): NormMatch | null {
  const skip = walk.node(value, 'com.microsoft.SkipLayerNormalization')
  if (skip !== null) return matchSkipNorm(walk, skip, value, width)
  const fused = walk.node(value, 'LayerNormalization')
  if (fused !== null) {
    const axis = fused.attributes.get('axis')?.integer ?? -1
    const gamma = walk.vector(fused.inputs[1], width)
    const beta = walk.vector(fused.inputs[2], width)
    if ((axis !== -1 && axis !== 2) || gamma === null || beta === null) return null
    return {
      gamma,
      beta,
      epsilon: fused.attributes.get('epsilon')?.float ?? EPSILON,
      ...summands(walk, fused.inputs[0]),
    }
  }
  return matchWrittenOut(walk, value, width)
}

function matchSkipNorm(walk: GraphWalk, node: OnnxNode, value: string, width: number): NormMatch | null {
  const [x, skip, gammaName, betaName, biasName] = node.inputs
  // The other outputs are the sum and statistics: another value than the norm.
  if (node.outputs[0] !== walk.source(value) || x === undefined || skip === undefined) return null
  const gamma = walk.vector(gammaName, width)
  const beta = walk.vector(betaName, width)
  const hasBias = biasName !== undefined && biasName !== ''
  const bias = hasBias ? walk.vector(biasName, width) : null
  if (gamma === null || beta === null || (hasBias && bias === null)) return null
  return { gamma, beta, epsilon: node.attributes.get('epsilon')?.float ?? 1e-12, terms: [x, skip], bias }
}

function summands(walk: GraphWalk, value: string | undefined): Pick<NormMatch, 'terms' | 'bias'> {
  const add = walk.node(value, 'Add')
  return { terms: add?.inputs ?? (value === undefined ? [] : [value]), bias: null }
}

/** (x − mean) / √(mean of its squares + ε) × gamma + beta. */
function matchWrittenOut(walk: GraphWalk, value: string, width: number): NormMatch | null {
  for (const [scaled, betaName] of walk.bothWays(walk.node(value, 'Add'))) {
    const beta = walk.vector(betaName, width)
    if (beta === null) continue
    for (const [normal, gammaName] of walk.bothWays(walk.node(scaled, 'Mul'))) {
      const gamma = walk.vector(gammaName, width)
      const match = gamma === null ? null : matchStandardized(walk, normal)
      if (gamma !== null && match !== null)
        return { gamma, beta, epsilon: match.epsilon, ...summands(walk, match.input) }
    }
  }
  return null
}

function matchStandardized(walk: GraphWalk, value: string): { input: string; epsilon: number } | null {
  const quotient = walk.node(value, 'Div')
  const centred = walk.node(quotient?.inputs[0], 'Sub')
  const root = walk.node(quotient?.inputs[1], 'Sqrt')
  const input = centred?.inputs[0]
  if (centred === null || input === undefined || !walk.same(meanOf(walk, centred.inputs[1]), input)) return null
  for (const [variance, epsilonName] of walk.bothWays(walk.node(root?.inputs[0], 'Add'))) {
    const epsilon = walk.scalar(epsilonName)
    const squares = walk.node(meanOf(walk, variance) ?? undefined, 'Pow')
    // Some exports subtract the mean a second time; it is the same difference.
    const difference = walk.node(squares?.inputs[0], 'Sub')
    const isSquare = squares !== null && walk.scalar(squares.inputs[1]) === 2
    const isCentred =
      difference !== null && difference.inputs.every((name, at) => walk.same(name, centred.inputs[at]))
    if (epsilon !== null && isSquare && isCentred) return { input, epsilon }
  }
  return null
}

/** What a mean over the last axis is taken of. */
function meanOf(walk: GraphWalk, value: string | undefined): string | undefined {
  const mean = walk.node(value, 'ReduceMean')
  if (mean === null || (mean.attributes.get('keepdims')?.integer ?? 1) !== 1) return undefined
  const axes = walk.axes(mean)
  return axes.length === 1 && (axes[0] === -1 || axes[0] === 2) ? mean.inputs[0] : undefined
}
