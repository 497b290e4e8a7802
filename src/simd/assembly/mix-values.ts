/**
 * The mixture of values by probabilities, in two ways of the same result. Where `fused` is one instruction (see `dot.ts`),
 * probabilities in two halves of 7 bits take two of them for 8 products; elsewhere they are int16, as the values are, and 8
 * products take one multiplication.
 */

import { addDots } from './dot'
import { roundScaled } from './lanes'
import { Scratch } from './layout'

/** Least extent that is divided by. */
export const TINY: f32 = 1e-20

/** Writes the scales of 4 channels, at `d`; returns what their values are to be multiplied by. */
@inline
function stepsOf(s: Scratch, from: usize, d: usize, end: usize, headBytes: usize): v128 {
  let most = f32x4.splat(TINY)
  for (let p = from + d; p < end; p += headBytes) most = f32x4.pmax(most, f32x4.abs(v128.load(p)))
  v128.store(s.valueScales + d, f32x4.mul(most, f32x4.splat(<f32>1 / <f32>127)))
  return f32x4.div(f32x4.splat(127), most)
}

/** Values as int8 [tokens / 4][head size][4]. Reads up to 3 rows beyond the text; their probabilities are 0. */
export function packQuads(s: Scratch, from: usize, tokens: u32, headBytes: usize): void {
  const byte = i32x4.splat(255)
  const end = from + <usize>tokens * headBytes
  for (let d: usize = 0; d < headBytes; d += 16) {
    const steps = stepsOf(s, from, d, end, headBytes)
    let to = s.values + d
    for (let p = from + d; p < end; p += headBytes << 2, to += headBytes) {
      const a = v128.and(roundScaled(v128.load(p), steps), byte)
      const b = v128.and(roundScaled(v128.load(p + headBytes), steps), byte)
      const c = v128.and(roundScaled(v128.load(p + 2 * headBytes), steps), byte)
      const f = roundScaled(v128.load(p + 3 * headBytes), steps)
      const low = v128.or(a, i32x4.shl(b, 8))
      v128.store(to, v128.or(low, v128.or(i32x4.shl(c, 16), i32x4.shl(f, 24))))
    }
  }
}

/** Values as int16 [tokens / 2][head size][2]. Reads a row beyond the text where it is odd; its probability is 0. */
export function packPairs(s: Scratch, from: usize, tokens: u32, headBytes: usize): void {
  const low = i32x4.splat(0xffff)
  const end = from + <usize>tokens * headBytes
  for (let d: usize = 0; d < headBytes; d += 16) {
    const steps = stepsOf(s, from, d, end, headBytes)
    let to = s.values + d
    for (let p = from + d; p < end; p += headBytes << 1, to += headBytes) {
      const a = v128.and(roundScaled(v128.load(p), steps), low)
      const b = roundScaled(v128.load(p + headBytes), steps)
      v128.store(to, v128.or(a, i32x4.shl(b, 16)))
    }
  }
}

/**
 * The values, mixed by the probabilities of one query.
 *
 * @param high high halves of the probabilities; the low ones follow `longest` bytes later
 */
export function mixQuads(s: Scratch, high: usize, to: usize, tokens: u32, headBytes: usize, inverse: f32): void {
  const low = high + <usize>s.longest
  const factor = f32x4.splat(inverse)
  for (let d: usize = 0; d < headBytes; d += 64) {
    let c0 = i32x4.splat(0)
    let c1 = c0
    let c2 = c0
    let c3 = c0
    let e0 = c0
    let e1 = c0
    let e2 = c0
    let e3 = c0
    let v = s.values + d
    for (let j: usize = 0; j < <usize>tokens; j += 4, v += headBytes) {
      const v0 = v128.load(v)
      const v1 = v128.load(v, 16)
      const v2 = v128.load(v, 32)
      const v3 = v128.load(v, 48)
      const x = v128.load32_splat(high + j)
      const y = v128.load32_splat(low + j)
      c0 = addDots(true, v0, x, c0)
      c1 = addDots(true, v1, x, c1)
      c2 = addDots(true, v2, x, c2)
      c3 = addDots(true, v3, x, c3)
      e0 = addDots(true, v0, y, e0)
      e1 = addDots(true, v1, y, e1)
      e2 = addDots(true, v2, y, e2)
      e3 = addDots(true, v3, y, e3)
    }
    storeMixed(to + d, c0, e0, s.valueScales + d, factor)
    storeMixed(to + d + 16, c1, e1, s.valueScales + d + 16, factor)
    storeMixed(to + d + 32, c2, e2, s.valueScales + d + 32, factor)
    storeMixed(to + d + 48, c3, e3, s.valueScales + d + 48, factor)
  }
}

@inline
function storeMixed(to: usize, high: v128, low: v128, scales: usize, factor: v128): void {
  storeScaled(to, i32x4.add(i32x4.shl(high, 7), low), scales, factor)
}

/**
 * The values, mixed by the probabilities of two queries.
 *
 * @param first int16 probabilities of one query
 * @param second of the other
 * @param stride bytes from the result of one to that of the other
 */
export function mixPairs(
  s: Scratch,
  first: usize,
  second: usize,
  to: usize,
  stride: usize,
  tokens: u32,
  headBytes: usize,
  inverse0: f32,
  inverse1: f32,
): void {
  const factor0 = f32x4.splat(inverse0)
  const factor1 = f32x4.splat(inverse1)
  for (let d: usize = 0; d < headBytes; d += 64, to += 64) {
    let c00 = i32x4.splat(0)
    let c01 = c00
    let c02 = c00
    let c03 = c00
    let c10 = c00
    let c11 = c00
    let c12 = c00
    let c13 = c00
    let v = s.values + d
    for (let j: usize = 0; j < <usize>tokens << 1; j += 4, v += headBytes) {
      const x = v128.load32_splat(first + j)
      const y = v128.load32_splat(second + j)
      const v0 = v128.load(v)
      c00 = i32x4.add(c00, i32x4.dot_i16x8_s(v0, x))
      c10 = i32x4.add(c10, i32x4.dot_i16x8_s(v0, y))
      const v1 = v128.load(v, 16)
      c01 = i32x4.add(c01, i32x4.dot_i16x8_s(v1, x))
      c11 = i32x4.add(c11, i32x4.dot_i16x8_s(v1, y))
      const v2 = v128.load(v, 32)
      c02 = i32x4.add(c02, i32x4.dot_i16x8_s(v2, x))
      c12 = i32x4.add(c12, i32x4.dot_i16x8_s(v2, y))
      const v3 = v128.load(v, 48)
      c03 = i32x4.add(c03, i32x4.dot_i16x8_s(v3, x))
      c13 = i32x4.add(c13, i32x4.dot_i16x8_s(v3, y))
    }
    const scales = s.valueScales + d
    storeScaled(to, c00, scales, factor0)
    storeScaled(to + 16, c01, scales + 16, factor0)
    storeScaled(to + 32, c02, scales + 32, factor0)
    storeScaled(to + 48, c03, scales + 48, factor0)
    storeScaled(to + stride, c10, scales, factor1)
    storeScaled(to + stride + 16, c11, scales + 16, factor1)
    storeScaled(to + stride + 32, c12, scales + 32, factor1)
    storeScaled(to + stride + 48, c13, scales + 48, factor1)
  }
}

@inline
function storeScaled(to: usize, sums: v128, scales: usize, factor: v128): void {
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(sums), f32x4.mul(v128.load(scales), factor)))
}
