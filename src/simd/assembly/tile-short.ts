/**
 * The product with relaxed SIMD where a dot product is two instructions (see `dot.ts`): 2 rows × 16 columns, products added
 * in int16 over a whole group of inputs before they are widened to int32. That costs one multiplication for as many products
 * as a group has, in place of one each.
 *
 * Sums may wrap around on their way, and they start with what takes the zero points out. It is the last one that has to be
 * within int16, and `limits.ts` tells for which rows and weights it is. Products of other groups are widened at once.
 *
 * The statements stand in the order in which registers are free for them: 8 sums, 2 activations, weights. The build keeps
 * that order (see `tools/simd/build.mjs`). Sums of several groups lie in memory, because in registers they would push out
 * the others.
 */

import { addDots } from './dot'
import { GROUP, LONG, SHORT, waysOf } from './limits'
import { addScaled, SCALE_BYTES, Tile, TOTAL_BYTES } from './tile'

const ONES: usize = memory.data<i16>([1, 1, 1, 1, 1, 1, 1, 1], 16)

export function addShort(tile: Tile): void {
  let row = tile.activations
  let scales = tile.scales
  let total = tile.totals
  for (const last = total + <usize>tile.rows * TOTAL_BYTES; total < last; total += 2 * TOTAL_BYTES) {
    addPair(tile, row, scales, total)
    row += tile.block << 1
    scales += 2 * SCALE_BYTES
  }
}

/** Two rows with all blocks. */
@inline
function addPair(tile: Tile, a: usize, scales: usize, total: usize): void {
  const block = tile.block
  const wide = tile.wideSums
  const ones = v128.load(ONES)
  let first = tile.first
  let w = tile.weights
  let lanes = tile.laneSums
  let limits = tile.limits
  for (const last = limits + (tile.blocks << 4); limits < last; limits += 16) {
    let ways = waysOf(scales, scales + SCALE_BYTES, v128.load(limits))
    const start = a
    let x: v128
    let y: v128
    let u: v128
    let s00: v128
    let s01: v128
    let s02: v128
    let s03: v128
    let s10: v128
    let s11: v128
    let s12: v128
    let s13: v128
    for (;;) {
      const begun = a - start
      let end = a + GROUP
      let sums = lanes + (begun << 1)
      if (ways & LONG) {
        end += GROUP
        sums = lanes + (block << 1) + begun
      }
      // The zero points, negated, in int16.
      x = v128.load16_splat(scales, 4)
      y = v128.load16_splat(scales + SCALE_BYTES, 4)
      if (ways & (LONG | SHORT)) {
        u = v128.load(sums)
        s00 = i16x8.mul(u, x)
        s10 = i16x8.mul(u, y)
        u = v128.load(sums, 16)
        s01 = i16x8.mul(u, x)
        s11 = i16x8.mul(u, y)
        u = v128.load(sums, 32)
        s02 = i16x8.mul(u, x)
        s12 = i16x8.mul(u, y)
        u = v128.load(sums, 48)
        s03 = i16x8.mul(u, x)
        s13 = i16x8.mul(u, y)
        do {
          x = v128.load32_splat(a)
          y = v128.load32_splat(a + block)
          u = v128.load(w)
          s00 = i16x8.add(s00, dot(u, x))
          s10 = i16x8.add(s10, dot(u, y))
          u = v128.load(w, 16)
          s01 = i16x8.add(s01, dot(u, x))
          s11 = i16x8.add(s11, dot(u, y))
          u = v128.load(w, 32)
          s02 = i16x8.add(s02, dot(u, x))
          s12 = i16x8.add(s12, dot(u, y))
          u = v128.load(w, 48)
          s03 = i16x8.add(s03, dot(u, x))
          s13 = i16x8.add(s13, dot(u, y))
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
          x = v128.load32_splat(a, 16)
          y = v128.load32_splat(a + block, 16)
          u = v128.load(w, 256)
          s00 = i16x8.add(s00, dot(u, x))
          s10 = i16x8.add(s10, dot(u, y))
          u = v128.load(w, 272)
          s01 = i16x8.add(s01, dot(u, x))
          s11 = i16x8.add(s11, dot(u, y))
          u = v128.load(w, 288)
          s02 = i16x8.add(s02, dot(u, x))
          s12 = i16x8.add(s12, dot(u, y))
          u = v128.load(w, 304)
          s03 = i16x8.add(s03, dot(u, x))
          s13 = i16x8.add(s13, dot(u, y))
          x = v128.load32_splat(a, 20)
          y = v128.load32_splat(a + block, 20)
          u = v128.load(w, 320)
          s00 = i16x8.add(s00, dot(u, x))
          s10 = i16x8.add(s10, dot(u, y))
          u = v128.load(w, 336)
          s01 = i16x8.add(s01, dot(u, x))
          s11 = i16x8.add(s11, dot(u, y))
          u = v128.load(w, 352)
          s02 = i16x8.add(s02, dot(u, x))
          s12 = i16x8.add(s12, dot(u, y))
          u = v128.load(w, 368)
          s03 = i16x8.add(s03, dot(u, x))
          s13 = i16x8.add(s13, dot(u, y))
          x = v128.load32_splat(a, 24)
          y = v128.load32_splat(a + block, 24)
          u = v128.load(w, 384)
          s00 = i16x8.add(s00, dot(u, x))
          s10 = i16x8.add(s10, dot(u, y))
          u = v128.load(w, 400)
          s01 = i16x8.add(s01, dot(u, x))
          s11 = i16x8.add(s11, dot(u, y))
          u = v128.load(w, 416)
          s02 = i16x8.add(s02, dot(u, x))
          s12 = i16x8.add(s12, dot(u, y))
          u = v128.load(w, 432)
          s03 = i16x8.add(s03, dot(u, x))
          s13 = i16x8.add(s13, dot(u, y))
          x = v128.load32_splat(a, 28)
          y = v128.load32_splat(a + block, 28)
          u = v128.load(w, 448)
          s00 = i16x8.add(s00, dot(u, x))
          s10 = i16x8.add(s10, dot(u, y))
          u = v128.load(w, 464)
          s01 = i16x8.add(s01, dot(u, x))
          s11 = i16x8.add(s11, dot(u, y))
          u = v128.load(w, 480)
          s02 = i16x8.add(s02, dot(u, x))
          s12 = i16x8.add(s12, dot(u, y))
          u = v128.load(w, 496)
          s03 = i16x8.add(s03, dot(u, x))
          s13 = i16x8.add(s13, dot(u, y))
          a += GROUP
          w += GROUP << 4
        } while (a < end)
        s00 = i32x4.dot_i16x8_s(s00, ones)
        s01 = i32x4.dot_i16x8_s(s01, ones)
        s02 = i32x4.dot_i16x8_s(s02, ones)
        s03 = i32x4.dot_i16x8_s(s03, ones)
        s10 = i32x4.dot_i16x8_s(s10, ones)
        s11 = i32x4.dot_i16x8_s(s11, ones)
        s12 = i32x4.dot_i16x8_s(s12, ones)
        s13 = i32x4.dot_i16x8_s(s13, ones)
      } else {
        u = v128.load(sums)
        s00 = i32x4.dot_i16x8_s(u, x)
        s10 = i32x4.dot_i16x8_s(u, y)
        u = v128.load(sums, 16)
        s01 = i32x4.dot_i16x8_s(u, x)
        s11 = i32x4.dot_i16x8_s(u, y)
        u = v128.load(sums, 32)
        s02 = i32x4.dot_i16x8_s(u, x)
        s12 = i32x4.dot_i16x8_s(u, y)
        u = v128.load(sums, 48)
        s03 = i32x4.dot_i16x8_s(u, x)
        s13 = i32x4.dot_i16x8_s(u, y)
        do {
          x = v128.load32_splat(a)
          y = v128.load32_splat(a + block)
          u = v128.load(w)
          s00 = addDots(false, u, x, s00)
          s10 = addDots(false, u, y, s10)
          u = v128.load(w, 16)
          s01 = addDots(false, u, x, s01)
          s11 = addDots(false, u, y, s11)
          u = v128.load(w, 32)
          s02 = addDots(false, u, x, s02)
          s12 = addDots(false, u, y, s12)
          u = v128.load(w, 48)
          s03 = addDots(false, u, x, s03)
          s13 = addDots(false, u, y, s13)
          a += 4
          w += 64
        } while (a < end)
      }
      if (begun) {
        s00 = i32x4.add(v128.load(wide), s00)
        s01 = i32x4.add(v128.load(wide, 16), s01)
        s02 = i32x4.add(v128.load(wide, 32), s02)
        s03 = i32x4.add(v128.load(wide, 48), s03)
        s10 = i32x4.add(v128.load(wide, 64), s10)
        s11 = i32x4.add(v128.load(wide, 80), s11)
        s12 = i32x4.add(v128.load(wide, 96), s12)
        s13 = i32x4.add(v128.load(wide, 112), s13)
      }
      if (a == start + block) break
      ways >>= ways & LONG ? 2 : 1
      v128.store(wide, s00)
      v128.store(wide, s01, 16)
      v128.store(wide, s02, 32)
      v128.store(wide, s03, 48)
      v128.store(wide, s10, 64)
      v128.store(wide, s11, 80)
      v128.store(wide, s12, 96)
      v128.store(wide, s13, 112)
    }
    x = v128.load32_splat(scales)
    y = v128.load32_splat(scales + SCALE_BYTES)
    addScaled(first, total, s00, x)
    addScaled(first, total + 16, s01, x)
    addScaled(first, total + 32, s02, x)
    addScaled(first, total + 48, s03, x)
    addScaled(first, total + 64, s10, y)
    addScaled(first, total + 80, s11, y)
    addScaled(first, total + 96, s12, y)
    addScaled(first, total + 112, s13, y)
    first = false
    a = start + tile.activationStride
    scales += tile.scaleStride
    lanes += tile.laneStride
  }
}

/** Exact for weights of any size. */
@inline
function dot(weights: v128, activations: v128): v128 {
  return i16x8.relaxed_dot_i8x16_i7x16_s(weights, activations)
}
