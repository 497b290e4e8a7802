/** Texts to vectors: the whole encoder. */

import { Encoder, INNER_ROWS, Layer, Linear, Norm, Scratch } from './layout'
import { poolAndNormalize } from './normalize'
import { ATTEND, COLUMNS, DOWN, EMBED, NORMALIZE, OUTPUT, PROJECT, QUANTIZE, ROWS, UP } from './steps'
import { perform } from './team'

/**
 * Runs the texts at `ids` and `lengths`, whose tokens fit into the capacity together.
 *
 * The texts share the linear layers, whose weights are then read once for all of them, and nothing else: every row of
 * every step depends on its own text alone, in an order of operations that does not depend on the company. So a text has
 * the same bits alone and in any batch.
 */
export function encode(plan: usize, own: usize, texts: u32): void {
  const e = changetype<Encoder>(plan)
  const s = changetype<Scratch>(own)
  const step = e.step
  let rows: u32 = 0
  for (let text: u32 = 0; text < texts; text++) rows += tokensOf(e, text)
  step.texts = texts
  step.rows = rows
  const even = (rows + 1) & ~1
  const parts = (even + ROWS - 1) / ROWS
  const columns = e.hidden / COLUMNS
  let layer = layerOf(e, 0)
  normalize(e, s, EMBED, parts, e.embeddingNorm, layer.qkv)
  for (let index: u32 = 1; index <= e.layerCount; index++) {
    step.layer = layer
    perform(e, s, PROJECT, layer.qkv.outputs / COLUMNS)
    perform(e, s, ATTEND, e.heads)
    normalize(e, s, QUANTIZE, parts, layer.outputNorm, layer.output)
    perform(e, s, OUTPUT, columns)
    normalize(e, s, NORMALIZE, parts, layer.outputNorm, layer.up)
    for (let first: u32 = 0; first < even; first += INNER_ROWS) {
      step.first = first
      step.count = min<u32>(INNER_ROWS, even - first)
      perform(e, s, UP, e.inner / layer.down.block)
      perform(e, s, DOWN, columns)
    }
    const norm = layer.downNorm
    layer = layerOf(e, index)
    const last = index == e.layerCount
    normalize(e, s, NORMALIZE, parts, norm, last ? changetype<Linear>(0) : layer.qkv)
  }
  pool(e, texts)
}

/** Beyond the last: a number of no meaning. */
@inline
function layerOf(e: Encoder, index: u32): Layer {
  return changetype<Layer>(load<usize>(e.layers + (<usize>index << 2)))
}

@inline
function tokensOf(e: Encoder, text: u32): u32 {
  return load<u32>(e.lengths + (<usize>text << 2))
}

function normalize(e: Encoder, s: Scratch, kind: u32, parts: u32, norm: Norm, linear: Linear): void {
  e.step.norm = norm
  e.step.linear = linear
  perform(e, s, kind, parts)
}

function pool(e: Encoder, texts: u32): void {
  const width = <usize>e.hidden << 2
  let row = e.hiddenStates
  let vector = e.vectors
  for (let text: u32 = 0; text < texts; text++, vector += width) {
    const tokens = tokensOf(e, text)
    const next = row + <usize>tokens * width
    if (e.pooling == 0) poolAndNormalize(row, tokens, e.hidden, vector)
    else poolAndNormalize(e.pooling == 1 ? row : next - width, 1, e.hidden, vector)
    row = next
  }
}
