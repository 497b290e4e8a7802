/**
 * Finds a BERT encoder (Devlin et al., arXiv 1810.04805) in an ONNX graph.
 *
 * The way goes back from the output to the token ids, and everything on it must be what the encoder computes: so a file
 * whose names or config promise a BERT and whose graph is another is not taken for one. What is off the way computes
 * shapes and hides padding; texts run here without padding.
 */

import type { Pooling } from '../../models/recipe.ts'
import type { OnnxGraph } from '../../engine/onnx/graph.ts'
import { UnsupportedModelError } from '../unsupported-model.ts'
import type { BertSource, LayerSource, LinearSource, NormSource } from './bert-weights.ts'
import { GraphWalk } from './graph-walk.ts'
import { matchAttention } from './match-attention.ts'
import { matchEmbeddings } from './match-embeddings.ts'
import { matchGelu } from './match-gelu.ts'
import { matchLinear } from './match-linear.ts'
import { matchNorm, type NormMatch } from './match-norm.ts'
import { matchPooling } from './match-pooling.ts'

/** What the model's recipe says of the output. */
export interface ExpectedOutput {
  /** Name of the graph output; null: one of the names that exports give to pooled vectors, else to the tokens'. */
  output: string | null
  /** True: the graph pools and normalises; null: as the name tells. */
  pooled: boolean | null
  pooling: Pooling
  /** Width of a vector. */
  width: number
}

/**
 * Names of outputs in exports of transformers and of sentence-transformers. Pooled vectors first, as the other sessions
 * choose: between them and the tokens' there may be more than a mean.
 */
const OUTPUTS = ['sentence_embedding', 'last_hidden_state', 'token_embeddings'] as const

/** Layers of the deepest encoder. */
const MOST_LAYERS = 64

function fail(message: string): never {
  throw new UnsupportedModelError('graph', message)
}

/**
 * The encoder in a graph.
 *
 * @throws UnsupportedModelError naming the first thing that is not as it is in a BERT encoder
 */
export function recognizeBert(graph: OnnxGraph, expected: ExpectedOutput): BertSource {
  const walk = new GraphWalk(graph)
  const { width } = expected
  let value = findTokenVectors(walk, expected)
  const layers: LayerSource[] = []
  let heads = 0
  for (;;) {
    const where = `layer ${String(layers.length + 1)} from the end`
    const norm =
      matchNorm(walk, value, width) ?? fail(`${where}: ${describe(walk, value)} is no layer normalisation`)
    const feedForward = matchResidual(walk, norm)
    if (feedForward === null) {
      const embeddings =
        matchEmbeddings(walk, norm.terms) ?? fail(`${where}: neither a layer nor embeddings by position`)
      if (layers.length === 0) fail('the graph has no layers')
      const inner = layers[0]?.up.outputs ?? 0
      const { pooling } = expected
      return {
        hidden: width,
        inner,
        heads,
        ...embeddings,
        embeddingNorm: normOf(norm),
        layers: layers.reverse(),
        pooling,
      }
    }
    const found = matchLayer(walk, norm, feedForward, where)
    if (layers.length > 0 && found.heads !== heads)
      fail(`${where}: ${String(found.heads)} heads, not ${String(heads)}`)
    heads = found.heads
    layers.push(found.layer)
    if (layers.length > MOST_LAYERS) fail(`more than ${String(MOST_LAYERS)} layers`)
    value = found.input
  }
}

function findTokenVectors(walk: GraphWalk, expected: ExpectedOutput): string {
  const output = expected.output ?? OUTPUTS.find((name) => walk.graph.producers.has(name)) ?? OUTPUTS[1]
  if (!walk.graph.producers.has(output)) fail(`the graph has no output ${output}`)
  if (!(expected.pooled ?? output === 'sentence_embedding')) return output
  return (
    matchPooling(walk, output, expected.pooling) ??
    fail(`${output} is no pooling of token vectors that is known (${expected.pooling})`)
  )
}

function describe(walk: GraphWalk, value: string): string {
  return `${value.slice(0, 80)} (${walk.graph.producers.get(walk.source(value))?.op ?? 'no node'})`
}

function normOf({ gamma, beta, epsilon }: NormMatch): NormSource {
  return { gamma, beta, epsilon }
}

interface Residual {
  linear: LinearSource
  skip: string
}

/** A linear layer plus what is led past it. */
function matchResidual(walk: GraphWalk, norm: NormMatch): Residual | null {
  const [a, b, ...more] = norm.terms
  if (a === undefined || b === undefined || more.length > 0) return null
  for (const [branch, skip] of [
    [a, b],
    [b, a],
  ] as const) {
    const linear = matchLinear(walk, branch)
    if (linear === null || (linear.bias !== null && norm.bias !== null)) continue
    return { linear: { ...linear, bias: linear.bias ?? norm.bias }, skip: walk.source(skip) }
  }
  return null
}

function matchLayer(
  walk: GraphWalk,
  norm: NormMatch,
  { linear: down, skip: middle }: Residual,
  where: string,
): { layer: LayerSource; heads: number; input: string } {
  const gelu =
    matchGelu(walk, down.input) ??
    fail(`${where}: ${describe(walk, down.input)} is no GELU by the error function`)
  const up = matchUp(walk, gelu.input, gelu.bias) ?? fail(`${where}: no linear layer in front of GELU`)
  if (!walk.same(up.input, middle)) fail(`${where}: the feed-forward layer does not read what is led past it`)
  const outputNorm =
    matchNorm(walk, middle, up.inputs) ?? fail(`${where}: ${describe(walk, middle)} is no layer normalisation`)
  const residual = matchResidual(walk, outputNorm) ?? fail(`${where}: no linear layer behind attention`)
  const { linear: output, skip: input } = residual
  const attention =
    matchAttention(walk, output.input) ??
    fail(`${where}: ${describe(walk, output.input)} is no attention that is known`)
  const { query, key, value, heads, scoreScale } = attention
  if (![query, key, value].every((linear) => walk.same(linear.input, input))) {
    fail(`${where}: attention does not read what is led past it`)
  }
  return {
    layer: {
      query,
      key,
      value,
      scoreScale,
      output,
      outputNorm: normOf(outputNorm),
      up,
      down,
      downNorm: normOf(norm),
    },
    heads,
    input,
  }
}

function matchUp(walk: GraphWalk, value: string, biasName: string | null): LinearSource | null {
  const linear = matchLinear(walk, value)
  if (linear === null || biasName === null) return linear
  const bias = walk.vector(biasName, linear.outputs)
  return bias === null || linear.bias !== null ? null : { ...linear, bias }
}
