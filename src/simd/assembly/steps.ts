/**
 * The steps of a run. Each is a number of tasks that depend on no other task of the step: whoever computes one, in
 * whatever order, it gives the same bits.
 */

import { attend } from './attention'
import { gelu } from './gelu'
import { multiplyColumns } from './gemm'
import { multiplyAdd } from './lanes'
import { Encoder, Linear, Scratch } from './layout'
import { layerNorm } from './normalize'
import { quantizeActivations, quantizeBlock } from './quantize'
import { SCALE_BYTES } from './tile'

/** Word and position vectors added, normalised, and quantised for `step.linear`; a task is ROWS rows. */
export const EMBED: u32 = 0
/** Query, key and value; a task is COLUMNS columns. */
export const PROJECT: u32 = 1
/** A task is a head, with all its texts in their order: an odd text writes a row into the next one. */
export const ATTEND: u32 = 2
/** What attention gave, quantised for `step.linear`; a task is ROWS rows. */
export const QUANTIZE: u32 = 3
/** Added to the residual stream; a task is COLUMNS columns. */
export const OUTPUT: u32 = 4
/** The residual stream, normalised by `step.norm`, and quantised for `step.linear`, if any; a task is ROWS rows. */
export const NORMALIZE: u32 = 5
/** Up, GELU and quantised for down; a task is a block of down's inputs. */
export const UP: u32 = 6
/** Added to the residual stream; a task is COLUMNS columns. */
export const DOWN: u32 = 7

/** Rows of a task; even, and few: a query of a dozen tokens is to be enough for several workers. */
export const ROWS: u32 = 4

/** Columns of a task: divides every width. */
export const COLUMNS: u32 = 32

/** Does one task of the step that the run is at. */
export function doTask(e: Encoder, s: Scratch, task: u32): void {
  const step = e.step
  const layer = step.layer
  const x = e.hiddenStates
  const width = <usize>e.hidden << 2
  const even = (step.rows + 1) & ~1
  switch (step.kind) {
    case PROJECT: {
      const headWidth = e.hidden / e.heads
      const headBytes = <usize>headWidth << 2
      // Columns of one head lie together.
      const together = headWidth % COLUMNS == 0 ? COLUMNS : 16
      for (let column = task * COLUMNS, end = column + COLUMNS; column < end; column += together) {
        const group = <usize>(column / headWidth) * <usize>e.capacity * headBytes
        const to = e.qkv + group + (<usize>(column % headWidth) << 2)
        multiplyColumns(
          e.fused != 0, s, e.activations, e.activationScales, even, layer.qkv, even, column, together, to, headBytes, false,
        )
      }
      break
    }
    case ATTEND: {
      let first: u32 = 0
      for (let text: u32 = 0; text < step.texts; text++) {
        const tokens = load<u32>(e.lengths + (<usize>text << 2))
        attend(e, s, task, first, tokens)
        first += tokens
      }
      break
    }
    case OUTPUT: {
      addProduct(e, s, task, e.activations, e.activationScales, even, layer.output, even, x)
      break
    }
    case UP: {
      fillInner(e, s, task)
      break
    }
    case DOWN: {
      const part = x + <usize>step.first * width
      addProduct(e, s, task, e.innerActivations, e.innerScales, step.count, layer.down, step.count, part)
      break
    }
    default: {
      const row = task * ROWS
      const count = min<u32>(ROWS, even - row)
      const own = min<u32>(ROWS, step.rows - row)
      const part = x + <usize>row * width
      if (step.kind == EMBED) {
        embed(e, row, own)
        // No token's: its numbers have no meaning, and go nowhere.
        if (own < count) memory.fill(part + <usize>own * width, 0, width)
      }
      if (step.kind != QUANTIZE) layerNorm(part, step.norm, own, e.hidden)
      const linear = step.linear
      if (changetype<usize>(linear) == 0) break
      const from = step.kind == QUANTIZE ? e.context + <usize>row * width : part
      const to = e.activations + <usize>row * linear.block
      quantizeActivations(from, to, e.activationScales + <usize>row * SCALE_BYTES, linear, count, even, e.fused != 0)
    }
  }
}

/** Word and position vectors added, for the rows from `first` on. */
function embed(e: Encoder, first: u32, rows: u32): void {
  const hidden = <usize>e.hidden
  const wordBlock = <usize>e.wordBlock
  const scaleBytes = (hidden / wordBlock) << 2
  for (let row = first, end = first + rows; row < end; row++) {
    const id = <usize>load<u32>(e.ids + (<usize>row << 2))
    const place = <usize>load<u32>(e.ids + (<usize>(e.capacity + row) << 2))
    const word = e.words + id * hidden
    const scales = e.wordScales + id * scaleBytes
    const position = e.positions + place * (hidden << 2)
    const to = e.hiddenStates + <usize>row * (hidden << 2)
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

/** COLUMNS columns of a linear layer, added to `to`, whose rows are as long as the residual stream's. */
function addProduct(
  e: Encoder,
  s: Scratch,
  task: u32,
  activations: usize,
  scales: usize,
  stride: u32,
  linear: Linear,
  rows: u32,
  to: usize,
): void {
  const rowStride = <usize>e.hidden << 2
  const column = task * COLUMNS
  const at = to + (<usize>column << 2)
  multiplyColumns(e.fused != 0, s, activations, scales, stride, linear, rows, column, COLUMNS, at, rowStride, true)
}

/** One block of the feed-forward layer's inner activations, for the rows that the step is at. */
function fillInner(e: Encoder, s: Scratch, task: u32): void {
  const step = e.step
  const up = step.layer.up
  const down = step.layer.down
  const rows = step.count
  const even = (step.rows + 1) & ~1
  const block = down.block
  const rowStride = <usize>block << 2
  const activations = e.activations + <usize>step.first * up.block
  const scales = e.activationScales + <usize>step.first * SCALE_BYTES
  const states = s.innerStates
  const column = task * block
  multiplyColumns(e.fused != 0, s, activations, scales, even, up, rows, column, block, states, rowStride, false)
  gelu(s.innerStates, <usize>(rows * block))
  const smoothing = down.smoothing + <usize>task * rowStride
  let from = s.innerStates
  let to = e.innerActivations + <usize>(task * rows * block)
  let scale = e.innerScales + <usize>(task * rows) * SCALE_BYTES
  for (let row: u32 = 0; row < rows; row++, from += rowStride, to += block, scale += SCALE_BYTES) {
    quantizeBlock(from, smoothing, to, scale, rowStride, e.fused != 0)
  }
}
