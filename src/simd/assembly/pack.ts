/** Weights as files hold them to weights as the product reads them; runs once, when a model is loaded. */

import { addDots } from './dot'
import { maxOfLanes, roundScaled } from './lanes'

/** Least magnitude of a row or column; keeps the steps finite where all weights are zero. */
const TINY: f32 = 1e-30

/** Changes uint8 with zero point 128 to int8, in place. `count` is a multiple of 16. */
export function toSigned(values: usize, count: usize): void {
  const top = i8x16.splat(-128)
  for (let end = values + count; values < end; values += 16) v128.store(values, v128.xor(v128.load(values), top))
}

/**
 * int8 [inputs][outputs], as `MatMulInteger` has it, to panels [outputs / 16][inputs / 4][16][4].
 *
 * @param outputs a multiple of 16
 */
export function packColumns(from: usize, to: usize, inputs: usize, outputs: usize): void {
  for (let n: usize = 0; n < outputs; n += 16) {
    let p = from + n
    for (let k: usize = 0; k < inputs; k += 4, to += 64) {
      const a = v128.load(p)
      const b = v128.load(p + outputs)
      const c = v128.load(p + 2 * outputs)
      const d = v128.load(p + 3 * outputs)
      p += outputs << 2
      const ab0 = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
      const ab1 = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
      const cd0 = i8x16.shuffle(c, d, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
      const cd1 = i8x16.shuffle(c, d, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
      v128.store(to, i16x8.shuffle(ab0, cd0, 0, 8, 1, 9, 2, 10, 3, 11))
      v128.store(to, i16x8.shuffle(ab0, cd0, 4, 12, 5, 13, 6, 14, 7, 15), 16)
      v128.store(to, i16x8.shuffle(ab1, cd1, 0, 8, 1, 9, 2, 10, 3, 11), 32)
      v128.store(to, i16x8.shuffle(ab1, cd1, 4, 12, 5, 13, 6, 14, 7, 15), 48)
    }
  }
}

/** int8 [outputs][inputs] to panels. `outputs` is a multiple of 16, `inputs` of 4. */
export function packRows(from: usize, to: usize, inputs: usize, outputs: usize): void {
  for (let n: usize = 0; n < outputs; n++) {
    const panel = to + (n & ~15) * inputs + ((n & 15) << 2)
    for (let k: usize = 0; k < inputs; k += 4) store<u32>(panel + (k << 4), load<u32>(from + k))
    from += inputs
  }
}

/** Sums of panels over blocks of inputs: int32 [outputs / 16][inputs / block][16]. */
export function sumBlocks(panels: usize, to: usize, inputs: usize, outputs: usize, block: usize): void {
  const ones = i8x16.splat(1)
  const end = panels + inputs * outputs
  while (panels < end) {
    let a = i32x4.splat(0)
    let b = a
    let c = a
    let d = a
    for (let k: usize = 0; k < block; k += 4, panels += 64) {
      a = addDots(true, v128.load(panels), ones, a)
      b = addDots(true, v128.load(panels, 16), ones, b)
      c = addDots(true, v128.load(panels, 32), ones, c)
      d = addDots(true, v128.load(panels, 48), ones, d)
    }
    v128.store(to, a)
    v128.store(to, b, 16)
    v128.store(to, c, 32)
    v128.store(to, d, 48)
    to += 64
  }
}

/** int8 × a scale for each `block` of neighbours, to float32. `block` is a multiple of 8. */
export function dequantizeBlocks(from: usize, scales: usize, to: usize, count: usize, block: usize): void {
  for (const end = from + count; from < end; scales += 4) {
    const scale = v128.load32_splat(scales)
    for (let i: usize = 0; i < block; i += 8, from += 8, to += 32) {
      const steps = v128.load_ext<i8>(from)
      v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(steps)), scale))
      v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(steps)), scale), 16)
    }
  }
}

/** IEEE half precision to float32; `count` is a multiple of 4. */
export function widenHalves(from: usize, to: usize, count: usize): void {
  // The exponent's bias differs by 112; a product sets it right, subnormal numbers included.
  const rebias = f32x4.splat(5.192296858534828e33)
  for (let end = from + (count << 1); from < end; from += 8, to += 16) {
    const h = v128.load_ext<u16>(from)
    const sign = i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16)
    const magnitude = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13)
    v128.store(to, v128.or(f32x4.mul(magnitude, rebias), sign))
  }
}

/** Largest magnitude in each column of float32 [rows][width]. `width` is a multiple of 4. */
function columnMagnitudes(values: usize, to: usize, rows: usize, width: usize): void {
  const bytes = width << 2
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, f32x4.splat(TINY))
  for (let row: usize = 0; row < rows; row++) {
    for (let i: usize = 0; i < bytes; i += 16, values += 16) {
      v128.store(to + i, f32x4.pmax(v128.load(to + i), f32x4.abs(v128.load(values))))
    }
  }
}

/** Largest magnitude in each row of float32 [rows][width]. `width` is a multiple of 4. */
function rowMagnitudes(values: usize, to: usize, rows: usize, width: usize): void {
  for (let row: usize = 0; row < rows; row++, to += 4) {
    let most = f32x4.splat(TINY)
    for (const end = values + (width << 2); values < end; values += 16) {
      most = f32x4.pmax(most, f32x4.abs(v128.load(values)))
    }
    store<f32>(to, maxOfLanes(most))
  }
}

/**
 * float32 [rows][width] to int8 with one scale a row.
 *
 * @param scales float32 [rows], written
 */
export function quantizeRows(from: usize, to: usize, scales: usize, rows: usize, width: usize): void {
  rowMagnitudes(from, scales, rows, width)
  for (let row: usize = 0; row < rows; row++, scales += 4) {
    const magnitude = load<f32>(scales)
    store<f32>(scales, magnitude / <f32>127)
    const steps = f32x4.splat(<f32>127 / magnitude)
    for (let i: usize = 0; i < width; i += 16, from += 64, to += 16) {
      const a = roundScaled(v128.load(from), steps)
      const b = roundScaled(v128.load(from, 16), steps)
      const c = roundScaled(v128.load(from, 32), steps)
      const d = roundScaled(v128.load(from, 48), steps)
      v128.store(to, i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)))
    }
  }
}

/**
 * float32 [rows][width] to int8 with one scale a column.
 *
 * @param scales float32 [width], written
 * @param steps float32 [width], overwritten
 */
export function quantizeColumns(from: usize, to: usize, scales: usize, steps: usize, rows: usize, width: usize): void {
  const bytes = width << 2
  columnMagnitudes(from, scales, rows, width)
  for (let i: usize = 0; i < bytes; i += 16) {
    const magnitude = v128.load(scales + i)
    v128.store(steps + i, f32x4.div(f32x4.splat(127), magnitude))
    v128.store(scales + i, f32x4.div(magnitude, f32x4.splat(127)))
  }
  for (let row: usize = 0; row < rows; row++) {
    for (let i: usize = 0; i < bytes; i += 64, from += 64, to += 16) {
      const a = roundScaled(v128.load(from), v128.load(steps + i))
      const b = roundScaled(v128.load(from, 16), v128.load(steps + i, 16))
      const c = roundScaled(v128.load(from, 32), v128.load(steps + i, 32))
      const d = roundScaled(v128.load(from, 48), v128.load(steps + i, 48))
      v128.store(to, i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)))
    }
  }
}
