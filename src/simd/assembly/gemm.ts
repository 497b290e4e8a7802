/** The product of activations and a linear layer's weights. */

import { CENTERED, SHORT } from './classify'
import { multiplyAdd } from './lanes'
import { Linear } from './layout'
import { SCALE_BYTES, Tile, TOTAL_BYTES } from './tile'
import { addPlain } from './tile-plain'
import { addShort } from './tile-short'
import { addWide } from './tile-wide'

/**
 * Where a result goes: rows of `groupWidth` columns in groups that lie `groupStride` bytes apart. One group is a plain
 * matrix; one group a head is what attention wants.
 */
@unmanaged
export class Destination {
  base: usize
  rowStride: usize
  groupWidth: u32
  groupStride: usize
  /** Rows to add to the result, laid out as the result is; 0: none. */
  residual: usize
}

const tile = changetype<Tile>(memory.data(offsetof<Tile>(), 16))

/**
 * destination[row][column] = Σ activation × weight + bias (+ residual).
 *
 * @param activations unsigned 7-bit [inputs / block][rows][block]
 * @param scales scale and negated zero point [inputs / block][rows]
 * @param totals float32 [rows][16], overwritten
 * @param fused see `dot.ts`
 * @param rows even
 */
export function multiply(
  fused: bool,
  activations: usize,
  scales: usize,
  totals: usize,
  linear: Linear,
  rows: u32,
  to: Destination,
): void {
  const block = <usize>linear.block
  const blocks = <usize>linear.inputs / block
  tile.rows = rows
  tile.block = block
  tile.totals = totals
  tile.weights = linear.weights
  tile.centers = linear.centers
  tile.sums = linear.sums
  let way = linear.ways
  // 16 columns outside, then blocks, rows inside: a block of weights stays in the nearest cache while the rows pass by.
  for (let column: u32 = 0; column < linear.outputs; column += 16) {
    tile.activations = activations
    tile.scales = scales
    for (let i: usize = 0; i < blocks; i++, way++) {
      tile.first = i == 0
      addBlock(fused, load<u8>(way))
      tile.activations += <usize>rows * block
      tile.scales += <usize>rows * SCALE_BYTES
      tile.weights += block << 4
      tile.centers += block << 2
      tile.sums += 64
    }
    storeColumns(linear, column, to)
  }
}

function addBlock(fused: bool, way: u8): void {
  if (!ASC_FEATURE_RELAXED_SIMD) addPlain(tile)
  else if (fused) addWide(true, tile)
  else if (way == SHORT) addShort(false, tile)
  else if (way == CENTERED) addShort(true, tile)
  else addWide(false, tile)
}

/** The totals of 16 columns, scaled, to their destination. */
function storeColumns(linear: Linear, column: u32, destination: Destination): void {
  const scales = linear.scales + (<usize>column << 2)
  const bias = linear.bias + (<usize>column << 2)
  const width = destination.groupWidth
  const offset = <usize>(column / width) * destination.groupStride + (<usize>(column % width) << 2)
  const stride = destination.rowStride
  const s0 = v128.load(scales)
  const s1 = v128.load(scales, 16)
  const s2 = v128.load(scales, 32)
  const s3 = v128.load(scales, 48)
  const b0 = v128.load(bias)
  const b1 = v128.load(bias, 16)
  const b2 = v128.load(bias, 32)
  const b3 = v128.load(bias, 48)
  let to = destination.base + offset
  let from = tile.totals
  const end = from + <usize>tile.rows * TOTAL_BYTES
  if (destination.residual == 0) {
    for (; from < end; from += TOTAL_BYTES, to += stride) {
      v128.store(to, multiplyAdd(v128.load(from), s0, b0))
      v128.store(to, multiplyAdd(v128.load(from, 16), s1, b1), 16)
      v128.store(to, multiplyAdd(v128.load(from, 32), s2, b2), 32)
      v128.store(to, multiplyAdd(v128.load(from, 48), s3, b3), 48)
    }
    return
  }
  let residual = destination.residual + offset
  for (; from < end; from += TOTAL_BYTES, to += stride, residual += stride) {
    v128.store(to, f32x4.add(multiplyAdd(v128.load(from), s0, b0), v128.load(residual)))
    v128.store(to, f32x4.add(multiplyAdd(v128.load(from, 16), s1, b1), v128.load(residual, 16)), 16)
    v128.store(to, f32x4.add(multiplyAdd(v128.load(from, 32), s2, b2), v128.load(residual, 32)), 32)
    v128.store(to, f32x4.add(multiplyAdd(v128.load(from, 48), s3, b3), v128.load(residual, 48)), 48)
  }
}
