/** The product of activations and a linear layer's weights. */

import { multiplyAdd } from './lanes'
import { Linear } from './layout'
import { addBlock, totals } from './tile'

/** Bytes of one scale with its zero point. */
const SCALE_BYTES: usize = 8

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

/**
 * destination[row][column] = Σ activation × weight + bias (+ residual).
 *
 * @param activations unsigned 7-bit [rows][inputs]
 * @param scales scale and negated zero point [rows][inputs / block]
 * @param fused see `dot.ts`
 * @param rows even
 */
export function multiply(fused: bool, activations: usize, scales: usize, linear: Linear, rows: u32, to: Destination): void {
  const inputs = <usize>linear.inputs
  const block = <usize>linear.block
  const blocks = inputs / block
  const scaleStride = blocks * SCALE_BYTES
  const narrow = linear.narrow != 0
  const residual = to.residual
  const rowStride = to.rowStride
  // Columns outside, rows inside: 16 columns of weights stay in the nearest cache while the rows pass by.
  for (let column: u32 = 0; column < linear.outputs; column += 16) {
    const weights = linear.weights + <usize>column * inputs
    const sums = linear.sums + ((<usize>column * blocks) << 2)
    const columnScales = linear.scales + (<usize>column << 2)
    const bias = linear.bias + (<usize>column << 2)
    const offset = <usize>(column / to.groupWidth) * to.groupStride + (<usize>(column % to.groupWidth) << 2)
    let a = activations
    let s = scales
    let row = to.base + offset
    let residualRow = residual + offset
    for (let m: u32 = 0; m < rows; m += 2) {
      clearTotals()
      let w = weights
      let weightSums = sums
      let blockScales = s
      const end = a + inputs
      for (let x = a; x < end; x += block) {
        addBlock(fused, narrow, x, inputs, w, block, blockScales, scaleStride, weightSums)
        w += block << 4
        weightSums += 64
        blockScales += SCALE_BYTES
      }
      storeRow(totals, row, residual != 0, residualRow, columnScales, bias)
      storeRow(totals + 64, row + rowStride, residual != 0, residualRow + rowStride, columnScales, bias)
      a += inputs << 1
      s += scaleStride << 1
      row += rowStride << 1
      residualRow += rowStride << 1
    }
  }
}

@inline
function clearTotals(): void {
  const zero = f32x4.splat(0)
  v128.store(totals, zero)
  v128.store(totals, zero, 16)
  v128.store(totals, zero, 32)
  v128.store(totals, zero, 48)
  v128.store(totals, zero, 64)
  v128.store(totals, zero, 80)
  v128.store(totals, zero, 96)
  v128.store(totals, zero, 112)
}

@inline
function storeRow(from: usize, to: usize, adds: bool, residual: usize, scales: usize, bias: usize): void {
  for (let i: usize = 0; i < 64; i += 16) {
    let v = multiplyAdd(v128.load(from + i), v128.load(scales + i), v128.load(bias + i))
    if (adds) v = f32x4.add(v, v128.load(residual + i))
    v128.store(to + i, v)
  }
}
