/** The product without relaxed SIMD: bytes widened to int16, products of pairs added to int32; 2 rows × 8 columns. */

import { addScaled, SCALE_BYTES, Tile, TOTAL_BYTES } from './tile'

/** All 16 columns, in two halves for the registers. */
export function addPlain(tile: Tile): void {
  addHalf(tile, 0)
  addHalf(tile, 32)
}

/** @param half its first byte, of the 64 of 4 inputs as of those of totals */
@inline
function addHalf(tile: Tile, half: usize): void {
  let row = tile.activations
  let scales = tile.scales
  let total = tile.totals + half
  for (const last = total + <usize>tile.rows * TOTAL_BYTES; total < last; total += 2 * TOTAL_BYTES) {
    addPair(tile, row, scales, total, half)
    row += tile.block << 1
    scales += 2 * SCALE_BYTES
  }
}

/** Two rows with all blocks. */
@inline
function addPair(tile: Tile, row: usize, scales: usize, total: usize, half: usize): void {
  const block = tile.block
  let first = tile.first
  let w = tile.weights + half
  let sums = tile.sums + half
  for (const last = sums + (tile.blocks << 6); sums < last; sums += 64) {
    // Two lanes for each column: the sums over its even and its odd pairs of inputs.
    let c00 = i32x4.splat(0)
    let c01 = c00
    let c02 = c00
    let c03 = c00
    let c10 = c00
    let c11 = c00
    let c12 = c00
    let c13 = c00
    let a = row
    const end = a + block
    do {
      const x = i16x8.extend_low_i8x16_u(v128.load32_splat(a))
      const y = i16x8.extend_low_i8x16_u(v128.load32_splat(a + block))
      const w0 = v128.load_ext<i8>(w)
      c00 = i32x4.add(c00, i32x4.dot_i16x8_s(w0, x))
      c10 = i32x4.add(c10, i32x4.dot_i16x8_s(w0, y))
      const w1 = v128.load_ext<i8>(w, 8)
      c01 = i32x4.add(c01, i32x4.dot_i16x8_s(w1, x))
      c11 = i32x4.add(c11, i32x4.dot_i16x8_s(w1, y))
      const w2 = v128.load_ext<i8>(w, 16)
      c02 = i32x4.add(c02, i32x4.dot_i16x8_s(w2, x))
      c12 = i32x4.add(c12, i32x4.dot_i16x8_s(w2, y))
      const w3 = v128.load_ext<i8>(w, 24)
      c03 = i32x4.add(c03, i32x4.dot_i16x8_s(w3, x))
      c13 = i32x4.add(c13, i32x4.dot_i16x8_s(w3, y))
      a += 4
      w += 64
    } while (a < end)
    const z0 = v128.load32_splat(scales, 4)
    const z1 = v128.load32_splat(scales + SCALE_BYTES, 4)
    const s0 = v128.load(sums)
    const s1 = v128.load(sums, 16)
    const scale0 = v128.load32_splat(scales)
    const scale1 = v128.load32_splat(scales + SCALE_BYTES)
    addScaled(first, total, i32x4.add(i32x4.mul(z0, s0), joinPairs(c00, c01)), scale0)
    addScaled(first, total + 16, i32x4.add(i32x4.mul(z0, s1), joinPairs(c02, c03)), scale0)
    addScaled(first, total + 64, i32x4.add(i32x4.mul(z1, s0), joinPairs(c10, c11)), scale1)
    addScaled(first, total + 80, i32x4.add(i32x4.mul(z1, s1), joinPairs(c12, c13)), scale1)
    first = false
    row += tile.activationStride
    scales += tile.scaleStride
  }
}

/** [a0 + a1, a2 + a3, b0 + b1, b2 + b3]. */
@inline
function joinPairs(a: v128, b: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7))
}
