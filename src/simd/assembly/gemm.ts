/** The product of activations and a linear layer's weights. */

import { multiplyAdd } from './lanes'
import { Linear, Scratch } from './layout'
import { laneBytes } from './limits'
import { SCALE_BYTES, Tile, TOTAL_BYTES } from './tile'
import { addFused } from './tile-fused'
import { addPlain } from './tile-plain'
import { addShort } from './tile-short'

/** Inputs whose weights stay in the nearest cache while the rows pass by. */
const INPUTS: usize = 128

/**
 * Some columns of a product: to[row][column] = Σ activation × weight + bias (+ what is there already).
 *
 * Some blocks of weights outside, rows inside: each weight comes from afar once for all rows, and so many follow each other
 * that the CPU fetches them ahead.
 *
 * @param fused see `dot.ts`
 * @param activations unsigned 7-bit [inputs / block][stride][block]
 * @param scales scale and negated zero point [inputs / block][stride]
 * @param stride rows of the activations
 * @param rows of the product, even
 * @param column the first of them
 * @param columns a multiple of 16
 * @param to float32, `rowStride` bytes a row
 * @param residual the product is added to what is there
 */
export function multiplyColumns(
  fused: bool,
  scratch: Scratch,
  activations: usize,
  scales: usize,
  stride: u32,
  linear: Linear,
  rows: u32,
  column: u32,
  columns: u32,
  to: usize,
  rowStride: usize,
  residual: bool,
): void {
  const block = <usize>linear.block
  const inputs = <usize>linear.inputs
  const blocks = inputs / block
  const first = <usize>column
  const tile = scratch.tile
  tile.rows = rows
  tile.block = block
  tile.activationStride = <usize>stride * block
  tile.scaleStride = <usize>stride * SCALE_BYTES
  tile.laneStride = laneBytes(block)
  tile.totals = scratch.totals
  tile.weights = linear.weights + first * inputs
  tile.sums = linear.sums + ((first * blocks) << 2)
  const firstBlock = (first >> 4) * blocks
  tile.laneSums = linear.laneSums + firstBlock * tile.laneStride
  tile.limits = linear.limits + (firstBlock << 4)
  for (const end = column + columns; column < end; column += 16, to += 64) {
    tile.activations = activations
    tile.scales = scales
    for (let done: usize = 0; done < blocks; done += tile.blocks) {
      tile.first = done == 0
      tile.blocks = min(INPUTS / block, blocks - done)
      addBlocks(fused, tile)
      tile.activations += tile.blocks * tile.activationStride
      tile.scales += tile.blocks * tile.scaleStride
      tile.weights += (tile.blocks * block) << 4
      tile.sums += tile.blocks << 6
      tile.laneSums += tile.blocks * tile.laneStride
      tile.limits += tile.blocks << 4
    }
    storeColumns(tile, linear, column, to, rowStride, residual)
  }
}

@inline
function addBlocks(fused: bool, tile: Tile): void {
  if (!ASC_FEATURE_RELAXED_SIMD) addPlain(tile)
  else if (fused) addFused(tile)
  else addShort(tile)
}

/** The totals of 16 columns, scaled, to their destination. */
function storeColumns(tile: Tile, linear: Linear, column: u32, to: usize, stride: usize, residual: bool): void {
  const scales = linear.scales + (<usize>column << 2)
  const bias = linear.bias + (<usize>column << 2)
  const s0 = v128.load(scales)
  const s1 = v128.load(scales, 16)
  const s2 = v128.load(scales, 32)
  const s3 = v128.load(scales, 48)
  const b0 = v128.load(bias)
  const b1 = v128.load(bias, 16)
  const b2 = v128.load(bias, 32)
  const b3 = v128.load(bias, 48)
  let from = tile.totals
  const end = from + <usize>tile.rows * TOTAL_BYTES
  if (!residual) {
    for (; from < end; from += TOTAL_BYTES, to += stride) {
      v128.store(to, multiplyAdd(v128.load(from), s0, b0))
      v128.store(to, multiplyAdd(v128.load(from, 16), s1, b1), 16)
      v128.store(to, multiplyAdd(v128.load(from, 32), s2, b2), 32)
      v128.store(to, multiplyAdd(v128.load(from, 48), s3, b3), 48)
    }
    return
  }
  for (; from < end; from += TOTAL_BYTES, to += stride) {
    v128.store(to, f32x4.add(multiplyAdd(v128.load(from), s0, b0), v128.load(to)))
    v128.store(to, f32x4.add(multiplyAdd(v128.load(from, 16), s1, b1), v128.load(to, 16)), 16)
    v128.store(to, f32x4.add(multiplyAdd(v128.load(from, 32), s2, b2), v128.load(to, 32)), 32)
    v128.store(to, f32x4.add(multiplyAdd(v128.load(from, 48), s3, b3), v128.load(to, 48)), 48)
  }
}
