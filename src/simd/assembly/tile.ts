/** The innermost loops of the product of activations and weights: 2 rows × 16 columns over one block of inputs. */

import { addDots } from './dot'
import { multiplyAdd } from './lanes'

/** float32 [2][16]: the tile's totals. In memory, because in registers they would push out the integer ones. */
export const totals: usize = memory.data(128, 16)

@inline
function addScaled(offset: usize, sums: v128, scale: v128): void {
  const total = totals + offset
  v128.store(total, multiplyAdd(f32x4.convert_i32x4_s(sums), scale, v128.load(total)))
}

/**
 * Adds to `totals` the products over one block.
 *
 * The zero point z of a row is taken out exactly: Σ (a − z) w = Σ a w − z Σ w, in integers.
 *
 * @param a activations of the first row, at the block
 * @param stride bytes from there to the second row
 * @param w packed weights of 16 columns, at the block
 * @param scales scale and negated zero point of the first row's block
 * @param scaleStride bytes from there to the second row's
 * @param sums sums of the weights of 16 columns over the block
 */
@inline
export function addBlock(
  fused: bool,
  narrow: bool,
  a: usize,
  stride: usize,
  w: usize,
  block: usize,
  scales: usize,
  scaleStride: usize,
  sums: usize,
): void {
  if (!ASC_FEATURE_RELAXED_SIMD) addBlockPlain(a, stride, w, block, scales, scaleStride, sums)
  else if (fused) addBlockRelaxed(true, a, stride, w, block, scales, scaleStride, sums)
  else if (narrow) addBlockNarrow(a, stride, w, block, scales, scaleStride, sums)
  else addBlockRelaxed(false, a, stride, w, block, scales, scaleStride, sums)
}

@inline
function addBlockRelaxed(
  fused: bool,
  a: usize,
  stride: usize,
  w: usize,
  block: usize,
  scales: usize,
  scaleStride: usize,
  sums: usize,
): void {
  const z0 = v128.load32_splat(scales, 4)
  const z1 = v128.load32_splat(scales + scaleStride, 4)
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
  const end = a + block
  for (; a < end; a += 4, w += 64) {
    const w0 = v128.load(w)
    const w1 = v128.load(w, 16)
    const w2 = v128.load(w, 32)
    const w3 = v128.load(w, 48)
    const x = v128.load32_splat(a)
    const y = v128.load32_splat(a + stride)
    c00 = addDots(fused, w0, x, c00)
    c01 = addDots(fused, w1, x, c01)
    c02 = addDots(fused, w2, x, c02)
    c03 = addDots(fused, w3, x, c03)
    c10 = addDots(fused, w0, y, c10)
    c11 = addDots(fused, w1, y, c11)
    c12 = addDots(fused, w2, y, c12)
    c13 = addDots(fused, w3, y, c13)
  }
  const scale0 = v128.load32_splat(scales)
  const scale1 = v128.load32_splat(scales + scaleStride)
  addScaled(0, c00, scale0)
  addScaled(16, c01, scale0)
  addScaled(32, c02, scale0)
  addScaled(48, c03, scale0)
  addScaled(64, c10, scale1)
  addScaled(80, c11, scale1)
  addScaled(96, c12, scale1)
  addScaled(112, c13, scale1)
}

/**
 * Weights within -64…64: 2 × 2 × 64 × 127 fits into int16, so two dot products are added there before they are widened.
 * A third of the multiplications less where `fused` is slow.
 */
@inline
function addBlockNarrow(
  a: usize,
  stride: usize,
  w: usize,
  block: usize,
  scales: usize,
  scaleStride: usize,
  sums: usize,
): void {
  const z0 = v128.load32_splat(scales, 4)
  const z1 = v128.load32_splat(scales + scaleStride, 4)
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
  const end = a + block
  for (; a < end; a += 8, w += 128) {
    const x = v128.load32_splat(a)
    const y = v128.load32_splat(a + stride)
    const x2 = v128.load32_splat(a, 4)
    const y2 = v128.load32_splat(a + stride, 4)
    const w0 = v128.load(w)
    const v0 = v128.load(w, 64)
    c00 = addTwoDots(w0, x, v0, x2, c00)
    c10 = addTwoDots(w0, y, v0, y2, c10)
    const w1 = v128.load(w, 16)
    const v1 = v128.load(w, 80)
    c01 = addTwoDots(w1, x, v1, x2, c01)
    c11 = addTwoDots(w1, y, v1, y2, c11)
    const w2 = v128.load(w, 32)
    const v2 = v128.load(w, 96)
    c02 = addTwoDots(w2, x, v2, x2, c02)
    c12 = addTwoDots(w2, y, v2, y2, c12)
    const w3 = v128.load(w, 48)
    const v3 = v128.load(w, 112)
    c03 = addTwoDots(w3, x, v3, x2, c03)
    c13 = addTwoDots(w3, y, v3, y2, c13)
  }
  const scale0 = v128.load32_splat(scales)
  const scale1 = v128.load32_splat(scales + scaleStride)
  addScaled(0, c00, scale0)
  addScaled(16, c01, scale0)
  addScaled(32, c02, scale0)
  addScaled(48, c03, scale0)
  addScaled(64, c10, scale1)
  addScaled(80, c11, scale1)
  addScaled(96, c12, scale1)
  addScaled(112, c13, scale1)
}

@inline
function addTwoDots(a: v128, b: v128, c: v128, d: v128, total: v128): v128 {
  const first = i16x8.relaxed_dot_i8x16_i7x16_s(a, b)
  const second = i16x8.relaxed_dot_i8x16_i7x16_s(c, d)
  return i32x4.add(total, i32x4.extadd_pairwise_i16x8_s(i16x8.add(first, second)))
}

/** Without relaxed SIMD: bytes widened to int16, products of pairs added to int32; twice 8 columns for the registers. */
@inline
function addBlockPlain(a: usize, stride: usize, w: usize, block: usize, scales: usize, scaleStride: usize, sums: usize): void {
  addHalfBlock(a, stride, w, block, scales, scaleStride, sums, 0)
  addHalfBlock(a, stride, w + 32, block, scales, scaleStride, sums + 32, 32)
}

@inline
function addHalfBlock(
  a: usize,
  stride: usize,
  w: usize,
  block: usize,
  scales: usize,
  scaleStride: usize,
  sums: usize,
  offset: usize,
): void {
  // Two lanes for each column: the sums over its even and its odd pairs of inputs.
  let c00 = i32x4.splat(0)
  let c01 = c00
  let c02 = c00
  let c03 = c00
  let c10 = c00
  let c11 = c00
  let c12 = c00
  let c13 = c00
  const end = a + block
  for (; a < end; a += 4, w += 64) {
    const w0 = v128.load_ext<i8>(w)
    const w1 = v128.load_ext<i8>(w, 8)
    const w2 = v128.load_ext<i8>(w, 16)
    const w3 = v128.load_ext<i8>(w, 24)
    const x = i16x8.extend_low_i8x16_u(v128.load32_splat(a))
    const y = i16x8.extend_low_i8x16_u(v128.load32_splat(a + stride))
    c00 = i32x4.add(c00, i32x4.dot_i16x8_s(w0, x))
    c01 = i32x4.add(c01, i32x4.dot_i16x8_s(w1, x))
    c02 = i32x4.add(c02, i32x4.dot_i16x8_s(w2, x))
    c03 = i32x4.add(c03, i32x4.dot_i16x8_s(w3, x))
    c10 = i32x4.add(c10, i32x4.dot_i16x8_s(w0, y))
    c11 = i32x4.add(c11, i32x4.dot_i16x8_s(w1, y))
    c12 = i32x4.add(c12, i32x4.dot_i16x8_s(w2, y))
    c13 = i32x4.add(c13, i32x4.dot_i16x8_s(w3, y))
  }
  const z0 = v128.load32_splat(scales, 4)
  const z1 = v128.load32_splat(scales + scaleStride, 4)
  const s0 = v128.load(sums)
  const s1 = v128.load(sums, 16)
  const scale0 = v128.load32_splat(scales)
  const scale1 = v128.load32_splat(scales + scaleStride)
  addScaled(offset, i32x4.add(i32x4.mul(z0, s0), joinPairs(c00, c01)), scale0)
  addScaled(offset + 16, i32x4.add(i32x4.mul(z0, s1), joinPairs(c02, c03)), scale0)
  addScaled(offset + 64, i32x4.add(i32x4.mul(z1, s0), joinPairs(c10, c11)), scale1)
  addScaled(offset + 80, i32x4.add(i32x4.mul(z1, s1), joinPairs(c12, c13)), scale1)
}

/** [a0 + a1, a2 + a3, b0 + b1, b2 + b3]. */
@inline
function joinPairs(a: v128, b: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7))
}
