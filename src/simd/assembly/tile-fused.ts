/** The product with relaxed SIMD where a dot product is one instruction (see `dot.ts`): 2 rows × 16 columns. */

import { addDots } from './dot'
import { addScaled, SCALE_BYTES, Tile, TOTAL_BYTES } from './tile'

export function addFused(tile: Tile): void {
  let row = tile.activations
  let scales = tile.scales
  let total = tile.totals
  for (const last = total + <usize>tile.rows * TOTAL_BYTES; total < last; total += 2 * TOTAL_BYTES) {
    addPair(tile, row, scales, total)
    row += tile.block << 1
    scales += 2 * SCALE_BYTES
  }
}

/** Two rows with all blocks. The zero point z is taken out exactly: Σ (a − z) w = Σ a w − z Σ w, in integers. */
@inline
function addPair(tile: Tile, row: usize, scales: usize, total: usize): void {
  const block = tile.block
  const activationStride = tile.activationStride
  const scaleStride = tile.scaleStride
  let first = tile.first
  let w = tile.weights
  let sums = tile.sums
  for (const last = sums + (tile.blocks << 6); sums < last; sums += 64) {
    const z0 = v128.load32_splat(scales, 4)
    const z1 = v128.load32_splat(scales + SCALE_BYTES, 4)
    const s0 = v128.load(sums)
    const s1 = v128.load(sums, 16)
    const s2 = v128.load(sums, 32)
    const s3 = v128.load(sums, 48)
    let c00 = i32x4.mul(z0, s0)
    let c01 = i32x4.mul(z0, s1)
    let c02 = i32x4.mul(z0, s2)
    let c03 = i32x4.mul(z0, s3)
    let c10 = i32x4.mul(z1, s0)
    let c11 = i32x4.mul(z1, s1)
    let c12 = i32x4.mul(z1, s2)
    let c13 = i32x4.mul(z1, s3)
    let a = row
    const end = a + block
    do {
      const x = v128.load32_splat(a)
      const y = v128.load32_splat(a + block)
      const w0 = v128.load(w)
      c00 = addDots(true, w0, x, c00)
      c10 = addDots(true, w0, y, c10)
      const w1 = v128.load(w, 16)
      c01 = addDots(true, w1, x, c01)
      c11 = addDots(true, w1, y, c11)
      const w2 = v128.load(w, 32)
      c02 = addDots(true, w2, x, c02)
      c12 = addDots(true, w2, y, c12)
      const w3 = v128.load(w, 48)
      c03 = addDots(true, w3, x, c03)
      c13 = addDots(true, w3, y, c13)
      a += 4
      w += 64
    } while (a < end)
    const scale0 = v128.load32_splat(scales)
    const scale1 = v128.load32_splat(scales + SCALE_BYTES)
    addScaled(first, total, c00, scale0)
    addScaled(first, total + 16, c01, scale0)
    addScaled(first, total + 32, c02, scale0)
    addScaled(first, total + 48, c03, scale0)
    addScaled(first, total + 64, c10, scale1)
    addScaled(first, total + 80, c11, scale1)
    addScaled(first, total + 96, c12, scale1)
    addScaled(first, total + 112, c13, scale1)
    first = false
    row += activationStride
    scales += scaleStride
  }
}
