/**
 * Blocks of weights that are not too large, with relaxed SIMD: 2 rows × 16 columns, dot products over 16 inputs added in
 * int16 before they are widened to int32. Half the multiplications less where `fused` is slow (see `dot.ts`): widening
 * costs one. `classify.ts` finds the blocks for which that is exact.
 *
 * The statements stand in the order in which registers are free for them: 8 sums, 2 activations, 1 vector of weights. The
 * build keeps that order (see `tools/simd/build.mjs`).
 */

import { addScaled, SCALE_BYTES, Tile, TOTAL_BYTES } from './tile'

const ONES: usize = memory.data<i16>([1, 1, 1, 1, 1, 1, 1, 1], 16)

/**
 * @param centered the sums are taken of activations − 64, so that twice as large weights fit; products of the weights
 *   with 64 lie in `Tile.centers`, negated
 */
@inline
export function addShort(centered: bool, tile: Tile): void {
  const block = tile.block
  const sums = tile.sums
  const first = tile.first
  const ones = v128.load(ONES)
  const wide = tile.wideSums
  let row = tile.activations
  let scales = tile.scales
  let total = tile.totals
  for (const last = total + <usize>tile.rows * TOTAL_BYTES; total < last; total += 2 * TOTAL_BYTES) {
    let x = v128.load32_splat(scales, 4)
    let y = v128.load32_splat(scales + SCALE_BYTES, 4)
    if (centered) {
      x = i32x4.add(x, i32x4.splat(64))
      y = i32x4.add(y, i32x4.splat(64))
    }
    // Takes the zero points out, as `tile-wide.ts` does.
    let sum = v128.load(sums)
    wide.c00 = i32x4.mul(x, sum)
    wide.c10 = i32x4.mul(y, sum)
    sum = v128.load(sums, 16)
    wide.c01 = i32x4.mul(x, sum)
    wide.c11 = i32x4.mul(y, sum)
    sum = v128.load(sums, 32)
    wide.c02 = i32x4.mul(x, sum)
    wide.c12 = i32x4.mul(y, sum)
    sum = v128.load(sums, 48)
    wide.c03 = i32x4.mul(x, sum)
    wide.c13 = i32x4.mul(y, sum)
    let a = row
    let w = tile.weights
    let center = tile.centers
    const end = a + block
    do {
      x = v128.load32_splat(a)
      y = v128.load32_splat(a + block)
      let u = v128.load(w)
      let s00 = dot(u, x)
      let s10 = dot(u, y)
      u = v128.load(w, 16)
      let s01 = dot(u, x)
      let s11 = dot(u, y)
      u = v128.load(w, 32)
      let s02 = dot(u, x)
      let s12 = dot(u, y)
      u = v128.load(w, 48)
      let s03 = dot(u, x)
      let s13 = dot(u, y)
      x = v128.load32_splat(a, 4)
      y = v128.load32_splat(a + block, 4)
      u = v128.load(w, 64)
      s00 = i16x8.add(s00, dot(u, x))
      s10 = i16x8.add(s10, dot(u, y))
      u = v128.load(w, 80)
      s01 = i16x8.add(s01, dot(u, x))
      s11 = i16x8.add(s11, dot(u, y))
      u = v128.load(w, 96)
      s02 = i16x8.add(s02, dot(u, x))
      s12 = i16x8.add(s12, dot(u, y))
      u = v128.load(w, 112)
      s03 = i16x8.add(s03, dot(u, x))
      s13 = i16x8.add(s13, dot(u, y))
      x = v128.load32_splat(a, 8)
      y = v128.load32_splat(a + block, 8)
      u = v128.load(w, 128)
      s00 = i16x8.add(s00, dot(u, x))
      s10 = i16x8.add(s10, dot(u, y))
      u = v128.load(w, 144)
      s01 = i16x8.add(s01, dot(u, x))
      s11 = i16x8.add(s11, dot(u, y))
      u = v128.load(w, 160)
      s02 = i16x8.add(s02, dot(u, x))
      s12 = i16x8.add(s12, dot(u, y))
      u = v128.load(w, 176)
      s03 = i16x8.add(s03, dot(u, x))
      s13 = i16x8.add(s13, dot(u, y))
      x = v128.load32_splat(a, 12)
      y = v128.load32_splat(a + block, 12)
      u = v128.load(w, 192)
      s00 = i16x8.add(s00, dot(u, x))
      s10 = i16x8.add(s10, dot(u, y))
      u = v128.load(w, 208)
      s01 = i16x8.add(s01, dot(u, x))
      s11 = i16x8.add(s11, dot(u, y))
      u = v128.load(w, 224)
      s02 = i16x8.add(s02, dot(u, x))
      s12 = i16x8.add(s12, dot(u, y))
      u = v128.load(w, 240)
      s03 = i16x8.add(s03, dot(u, x))
      s13 = i16x8.add(s13, dot(u, y))
      if (centered) {
        u = v128.load(center)
        s00 = i16x8.add(s00, u)
        s10 = i16x8.add(s10, u)
        u = v128.load(center, 16)
        s01 = i16x8.add(s01, u)
        s11 = i16x8.add(s11, u)
        u = v128.load(center, 32)
        s02 = i16x8.add(s02, u)
        s12 = i16x8.add(s12, u)
        u = v128.load(center, 48)
        s03 = i16x8.add(s03, u)
        s13 = i16x8.add(s13, u)
        center += 64
      }
      wide.c00 = addWidened(wide.c00, s00, ones)
      wide.c01 = addWidened(wide.c01, s01, ones)
      wide.c02 = addWidened(wide.c02, s02, ones)
      wide.c03 = addWidened(wide.c03, s03, ones)
      wide.c10 = addWidened(wide.c10, s10, ones)
      wide.c11 = addWidened(wide.c11, s11, ones)
      wide.c12 = addWidened(wide.c12, s12, ones)
      wide.c13 = addWidened(wide.c13, s13, ones)
      a += 16
      w += 256
    } while (a < end)
    const scale0 = v128.load32_splat(scales)
    const scale1 = v128.load32_splat(scales + SCALE_BYTES)
    addScaled(first, total, wide.c00, scale0)
    addScaled(first, total + 16, wide.c01, scale0)
    addScaled(first, total + 32, wide.c02, scale0)
    addScaled(first, total + 48, wide.c03, scale0)
    addScaled(first, total + 64, wide.c10, scale1)
    addScaled(first, total + 80, wide.c11, scale1)
    addScaled(first, total + 96, wide.c12, scale1)
    addScaled(first, total + 112, wide.c13, scale1)
    row += block << 1
    scales += 2 * SCALE_BYTES
  }
}

/** Exact for weights of any size; sums of them may wrap around, as long as the last one is within int16. */
@inline
function dot(weights: v128, activations: v128): v128 {
  return i16x8.relaxed_dot_i8x16_i7x16_s(weights, activations)
}

@inline
function addWidened(total: v128, sums: v128, ones: v128): v128 {
  return i32x4.add(total, i32x4.dot_i16x8_s(sums, ones))
}
