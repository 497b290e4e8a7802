/** What the innermost loops of the product work on: 16 columns, some blocks of inputs, all rows. */

import { multiplyAdd } from './lanes'

/** A part of the product. Fields, since a call with so many arguments passes them through memory anyway. */
@unmanaged
export class Tile {
  /** int32 [2][16]: sums of `tile-short.ts` from one group of inputs to the next. */
  wideSums: usize
  /** Unsigned 7-bit activations, [blocks][rows][block], with a distance of their own from one block to the next. */
  activations: usize
  activationStride: usize
  /** What there is to know of each block of a row; see `SCALE_BYTES`. */
  scales: usize
  scaleStride: usize
  /** Even. */
  rows: u32
  /** Inputs of the block, a multiple of 32. */
  block: usize
  blocks: usize
  /** int8 [blocks][block / 4][16][4]. */
  weights: usize
  /** int32 [blocks][16]: sums of the weights over a block. */
  sums: usize
  /** int16 [blocks][…][16][2], with their distance: see `limits.ts`. */
  laneSums: usize
  laneStride: usize
  /** int16 [blocks][2][4]: see `limits.ts`. */
  limits: usize
  /** float32 [rows][16]: what the products are added to. */
  totals: usize
  /** Nothing is there yet: the products are stored in place of being added. */
  first: bool
}

/**
 * Bytes of what there is to know of a block of a row: its scale (float32), its zero point, negated (int32), and the sums of
 * squares of `measureActivations` (int16 [4]).
 */
export const SCALE_BYTES: usize = 16

/** Bytes of one row of the totals. */
export const TOTAL_BYTES: usize = 64

@inline
export function addScaled(first: bool, total: usize, sums: v128, scale: v128): void {
  const scaled = f32x4.convert_i32x4_s(sums)
  if (first) v128.store(total, f32x4.mul(scaled, scale))
  else v128.store(total, multiplyAdd(scaled, scale, v128.load(total)))
}
