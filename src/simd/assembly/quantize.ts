/** Activations to unsigned 7-bit integers, with a scale and a zero point for each block of a row. */

import { maxOfLanes, minOfLanes, ROUNDING } from './lanes'
import { Linear } from './layout'
import { measureActivations } from './limits'
import { SCALE_BYTES } from './tile'

/**
 * Half a step less than 127: value and zero point are rounded apart, and both may be rounded up. So the sum stays within
 * 0…127, the range in which the dot products are exact.
 */
const STEPS: f32 = 126.5

/** Least extent of a block; keeps the steps finite where a block is all zero. */
const LEAST_RANGE: f32 = 1e-20

/**
 * Quantises `rows` × `linear.inputs` float32, multiplied by the layer's smoothing factors.
 *
 * @param to unsigned 7-bit [inputs / block][stride][block]: the product takes one block of all rows after the other
 * @param scales [inputs / block][stride]: see `SCALE_BYTES`
 * @param stride rows that there are in all
 * @param fused see `dot.ts`
 */
export function quantizeActivations(
  from: usize,
  to: usize,
  scales: usize,
  linear: Linear,
  rows: u32,
  stride: u32,
  fused: bool,
): void {
  const block = <usize>linear.block << 2
  const width = <usize>linear.inputs << 2
  const toStride = <usize>stride * linear.block
  const scaleStride = <usize>stride * SCALE_BYTES
  for (let row: u32 = 0; row < rows; row++) {
    let steps = to + <usize>row * linear.block
    let scale = scales + <usize>row * SCALE_BYTES
    for (let start: usize = 0; start < width; start += block) {
      quantizeBlock(from + start, linear.smoothing + start, steps, scale, block, fused)
      steps += toStride
      scale += scaleStride
    }
    from += width
  }
}

/**
 * One block of one row.
 *
 * @param scale see `SCALE_BYTES`
 * @param bytes of the block as float32
 * @param fused nobody asks how large the activations are: see `tile-short.ts`
 */
export function quantizeBlock(
  from: usize,
  smoothing: usize,
  to: usize,
  scale: usize,
  bytes: usize,
  fused: bool,
): void {
  // Zero is within every range, so that the zero point is within 0…127.
  let least = f32x4.splat(0)
  let most = least
  let least2 = least
  let most2 = least
  for (let i: usize = 0; i < bytes; i += 32) {
    const a = f32x4.mul(v128.load(from + i), v128.load(smoothing + i))
    const b = f32x4.mul(v128.load(from + i, 16), v128.load(smoothing + i, 16))
    least = f32x4.pmin(least, a)
    most = f32x4.pmax(most, a)
    least2 = f32x4.pmin(least2, b)
    most2 = f32x4.pmax(most2, b)
  }
  const low = minOfLanes(f32x4.pmin(least, least2))
  const range = max<f32>(maxOfLanes(f32x4.pmax(most, most2)) - low, LEAST_RANGE)
  const steps = STEPS / range
  const zeroPoint = nearest<f32>(-low * steps)
  store<f32>(scale, range / STEPS)
  store<i32>(scale, -(<i32>zeroPoint), 4)
  const factor = f32x4.splat(steps)
  const offset = f32x4.splat(ROUNDING + zeroPoint)
  for (let i: usize = 0; i < bytes; i += 64) {
    const a = quantize4(from + i, smoothing + i, factor, offset)
    const b = quantize4(from + i + 16, smoothing + i + 16, factor, offset)
    const c = quantize4(from + i + 32, smoothing + i + 32, factor, offset)
    const d = quantize4(from + i + 48, smoothing + i + 48, factor, offset)
    v128.store(to + (i >> 2), i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)))
  }
  if (ASC_FEATURE_RELAXED_SIMD && !fused) measureActivations(to, bytes >> 2, -(<i32>zeroPoint), scale + 8)
}

/** The mask changes no right number; it keeps garbage (NaN from damaged weights) within the exact range too. */
@inline
function quantize4(from: usize, smoothing: usize, factor: v128, offset: v128): v128 {
  const x = f32x4.mul(v128.load(from), v128.load(smoothing))
  return v128.and(f32x4.add(f32x4.mul(x, factor), offset), i32x4.splat(127))
}
