/** Texts to vectors: the whole encoder. */

import { attend } from './attention'
import { gelu } from './gelu'
import { Destination, multiply } from './gemm'
import { multiplyAdd } from './lanes'
import { Encoder, INNER_ROWS, Layer, Linear } from './layout'
import { layerNorm, poolAndNormalize } from './normalize'
import { quantizeActivations } from './quantize'

const destination = changetype<Destination>(memory.data(offsetof<Destination>(), 16))

/**
 * Runs the texts at `ids` and `lengths`, whose tokens fit into the capacity together.
 *
 * The texts share the linear layers, whose weights are then read once for all of them, and nothing else: every row of
 * every step depends on its own text alone, in an order of operations that does not depend on the company. So a text has
 * the same bits alone and in any batch.
 */
export function encode(plan: usize, texts: u32): void {
  const e = changetype<Encoder>(plan)
  let rows: u32 = 0
  for (let text: u32 = 0; text < texts; text++) {
    const tokens = tokensOf(e, text)
    embed(e, rows, tokens)
    rows += tokens
  }
  const even = (rows + 1) & ~1
  const width = <usize>e.hidden << 2
  if (even > rows) memory.fill(e.hiddenStates + <usize>rows * width, 0, width)
  layerNorm(e.hiddenStates, e.embeddingNorm, rows, e.hidden)
  for (let layer: u32 = 0; layer < e.layerCount; layer++) {
    runLayer(e, changetype<Layer>(load<usize>(e.layers + (<usize>layer << 2))), texts, rows, even)
  }
  pool(e, texts)
}

@inline
function tokensOf(e: Encoder, text: u32): u32 {
  return load<u32>(e.lengths + (<usize>text << 2))
}

/** Word and position vectors added, for the rows from `first` on. */
function embed(e: Encoder, first: u32, tokens: u32): void {
  const hidden = <usize>e.hidden
  const wordBlock = <usize>e.wordBlock
  const scaleBytes = (hidden / wordBlock) << 2
  for (let token: u32 = 0; token < tokens; token++) {
    const id = <usize>load<u32>(e.ids + (<usize>(first + token) << 2))
    const place = <usize>load<u32>(e.ids + (<usize>(e.capacity + first + token) << 2))
    const word = e.words + id * hidden
    const scales = e.wordScales + id * scaleBytes
    const position = e.positions + place * (hidden << 2)
    const to = e.hiddenStates + <usize>(first + token) * (hidden << 2)
    for (let i: usize = 0; i < hidden; i += 8) {
      const scale = v128.load32_splat(scales + ((i / wordBlock) << 2))
      const steps = v128.load_ext<i8>(word + i)
      const low = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(steps))
      const high = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(steps))
      v128.store(to + (i << 2), multiplyAdd(low, scale, v128.load(position + (i << 2))))
      v128.store(to + (i << 2), multiplyAdd(high, scale, v128.load(position + (i << 2), 16)), 16)
    }
  }
}

function runLayer(e: Encoder, layer: Layer, texts: u32, rows: u32, even: u32): void {
  const headBytes = <usize>(e.hidden / e.heads) << 2
  const x = e.hiddenStates
  project(e, x, layer.qkv, even, e.qkv, headBytes, e.hidden / e.heads, <usize>e.capacity * headBytes, 0)
  let first: u32 = 0
  for (let text: u32 = 0; text < texts; text++) {
    const tokens = tokensOf(e, text)
    attend(e, first, tokens, (tokens + 1) & ~1)
    first += tokens
  }
  const width = <usize>e.hidden << 2
  project(e, e.context, layer.output, even, x, width, e.hidden, 0, x)
  layerNorm(x, layer.outputNorm, rows, e.hidden)
  for (let start: u32 = 0; start < even; start += INNER_ROWS) {
    const count = min<u32>(INNER_ROWS, even - start)
    const part = x + <usize>start * width
    project(e, part, layer.up, count, e.innerStates, <usize>e.inner << 2, e.inner, 0, 0)
    gelu(e.innerStates, <usize>(count * e.inner))
    project(e, e.innerStates, layer.down, count, part, width, e.hidden, 0, part)
  }
  layerNorm(x, layer.downNorm, rows, e.hidden)
}

/** A linear layer on `rows` rows at `from`, whose result may overwrite them. */
function project(
  e: Encoder,
  from: usize,
  linear: Linear,
  rows: u32,
  to: usize,
  rowStride: usize,
  groupWidth: u32,
  groupStride: usize,
  residual: usize,
): void {
  quantizeActivations(from, e.activations, e.activationScales, linear, rows)
  destination.base = to
  destination.rowStride = rowStride
  destination.groupWidth = groupWidth
  destination.groupStride = groupStride
  destination.residual = residual
  multiply(e.fused != 0, e.activations, e.activationScales, e.totals, linear, rows, destination)
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
