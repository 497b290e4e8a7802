/** What the innermost loops of the product work on: 16 columns, one block of inputs, all rows. */

import { multiplyAdd } from './lanes'

/** int32 [2][16]: sums of `tile-short.ts`. In memory, because in registers they would push out the int16 ones. */
@unmanaged
export class WideSums {
  c00: v128
  c01: v128
  c02: v128
  c03: v128
  c10: v128
  c11: v128
  c12: v128
  c13: v128
}

/** One block of the product. Fields, since a call with so many arguments passes them through memory anyway. */
@unmanaged
export class Tile {
  /** Unsigned 7-bit activations of this block, [rows][block]. */
  activations: usize
  /** Scale (float32) and negated zero point (int32) of each row of this block. */
  scales: usize
  /** Even. */
  rows: u32
  /** Inputs of the block, a multiple of 16. */
  block: usize
  /** int8 [block / 4][16][4]. */
  weights: usize
  /** int16 [block / 16][16][2]: see `Linear`. */
  centers: usize
  /** int32 [16]: sums of the weights over the block. */
  sums: usize
  /** float32 [rows][16]: what the products are added to. */
  totals: usize
  wideSums: WideSums
  /** Nothing is there yet: the products are stored in place of being added. */
  first: bool
}

/** Bytes of one scale with its zero point. */
export const SCALE_BYTES: usize = 8

/** Bytes of one row of the totals. */
export const TOTAL_BYTES: usize = 64

@inline
export function addScaled(first: bool, total: usize, sums: v128, scale: v128): void {
  const scaled = f32x4.convert_i32x4_s(sums)
  if (first) v128.store(total, f32x4.mul(scaled, scale))
  else v128.store(total, multiplyAdd(scaled, scale, v128.load(total)))
}
