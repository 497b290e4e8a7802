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

/** int32 [2][16]: the sums of a tile. In memory, because in registers they would push out the int16 ones. */
const wideSums: usize = memory.data(128, 16)

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
    startSums(0, x, y, sums)
    startSums(16, x, y, sums)
    startSums(32, x, y, sums)
    startSums(48, x, y, sums)
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
      addWidened(0, s00, ones)
      addWidened(16, s01, ones)
      addWidened(32, s02, ones)
      addWidened(48, s03, ones)
      addWidened(64, s10, ones)
      addWidened(80, s11, ones)
      addWidened(96, s12, ones)
      addWidened(112, s13, ones)
      a += 16
      w += 256
    } while (a < end)
    const scale0 = v128.load32_splat(scales)
    const scale1 = v128.load32_splat(scales + SCALE_BYTES)
    addScaled(first, total, v128.load(wideSums), scale0)
    addScaled(first, total + 16, v128.load(wideSums, 16), scale0)
    addScaled(first, total + 32, v128.load(wideSums, 32), scale0)
    addScaled(first, total + 48, v128.load(wideSums, 48), scale0)
    addScaled(first, total + 64, v128.load(wideSums, 64), scale1)
    addScaled(first, total + 80, v128.load(wideSums, 80), scale1)
    addScaled(first, total + 96, v128.load(wideSums, 96), scale1)
    addScaled(first, total + 112, v128.load(wideSums, 112), scale1)
    row += block << 1
    scales += 2 * SCALE_BYTES
  }
}

/** Takes the zero points out, as `tile-wide.ts` does. */
@inline
function startSums(offset: usize, x: v128, y: v128, sums: usize): void {
  const sum = v128.load(sums + offset)
  v128.store(wideSums + offset, i32x4.mul(x, sum))
  v128.store(wideSums + offset, i32x4.mul(y, sum), 64)
}

/** Exact for weights of any size; sums of them may wrap around, as long as the last one is within int16. */
@inline
function dot(weights: v128, activations: v128): v128 {
  return i16x8.relaxed_dot_i8x16_i7x16_s(weights, activations)
}

@inline
function addWidened(offset: usize, sums: v128, ones: v128): void {
  const at = wideSums + offset
  v128.store(at, i32x4.add(v128.load(at), i32x4.dot_i16x8_s(sums, ones)))
}
