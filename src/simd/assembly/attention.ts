/**
 * Attention within one text (Vaswani et al., arXiv 1706.03762), a head at a time, in integers but for the softmax:
 *
 * - keys: unsigned 7-bit, a scale and an offset for each channel. The channel's scale moves into the queries; its offset
 *   adds the same to all scores of a query, which softmax does not see.
 * - queries: int8, a scale for each.
 * - probabilities: 14 bits, since 7 would lose the small ones.
 * - values: int8, a scale for each channel.
 *
 * The scale 1/√(head size), and log2 e that turns exp into exp2, lie in the weights of the queries already.
 */

import { addDots } from './dot'
import { exp2, maxOfLanes, ROUNDING, roundScaled } from './lanes'
import { Encoder, Scratch } from './layout'
import { mixPairs, mixQuads, packPairs, packQuads, TINY } from './mix-values'

/**
 * @param head of all
 * @param start row of the text's first token
 * @param tokens of the text
 */
export function attend(e: Encoder, s: Scratch, head: u32, start: u32, tokens: u32): void {
  // Rounded up to 2; the row too many is written, with values of no meaning.
  const rows = (tokens + 1) & ~1
  const headSize = e.hidden / e.heads
  const headBytes = <usize>headSize << 2
  const headStride = <usize>e.capacity * headBytes
  const part = <usize>e.heads * headStride
  const contextStride = <usize>e.hidden << 2
  const scoreStride = <usize>s.longest << 2
  const planes = <usize>s.longest << 1
  const padded = (tokens + 15) & ~15
  const fused = e.fused != 0
  const inPlanes = ASC_FEATURE_RELAXED_SIMD && fused
  const q = e.qkv + <usize>head * headStride + <usize>start * headBytes
  packKeys(s, q + part, tokens, headBytes)
  packQueries(s, q, rows, headBytes)
  if (inPlanes) packQuads(s, q + 2 * part, tokens, headBytes)
  else packPairs(s, q + 2 * part, tokens, headBytes)
  let context = e.context + <usize>start * contextStride + <usize>head * headBytes
  for (let row: u32 = 0; row < rows; row += 2, context += contextStride << 1) {
    if (fused) scorePair(true, s, row, padded, headSize)
    else scorePair(false, s, row, padded, headSize)
    const first = s.probabilities
    const second = first + planes
    const inverse0 = softmax(inPlanes, s.scores, tokens, padded, first, <usize>s.longest)
    const inverse1 = softmax(inPlanes, s.scores + scoreStride, tokens, padded, second, <usize>s.longest)
    if (inPlanes) {
      mixQuads(s, first, context, tokens, headBytes, inverse0)
      mixQuads(s, second, context + contextStride, tokens, headBytes, inverse1)
    } else mixPairs(s, first, second, context, contextStride, tokens, headBytes, inverse0, inverse1)
  }
}

function packKeys(s: Scratch, from: usize, tokens: u32, headBytes: usize): void {
  const groupBytes = headBytes << 2
  const end = from + <usize>tokens * headBytes
  for (let d: usize = 0; d < headBytes; d += 16) {
    let least = v128.load(from + d)
    let most = least
    for (let p = from + d + headBytes; p < end; p += headBytes) {
      const x = v128.load(p)
      least = f32x4.pmin(least, x)
      most = f32x4.pmax(most, x)
    }
    const range = f32x4.pmax(f32x4.sub(most, least), f32x4.splat(TINY))
    v128.store(s.keyScales + d, f32x4.mul(range, f32x4.splat(<f32>1 / <f32>127)))
    const steps = f32x4.div(f32x4.splat(127), range)
    let p = from + d
    for (let j: u32 = 0; j < tokens; j++, p += headBytes) {
      const x = f32x4.mul(f32x4.sub(v128.load(p), least), steps)
      const rounded = v128.and(f32x4.add(x, f32x4.splat(ROUNDING)), i32x4.splat(127))
      const bytes = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(rounded, rounded), rounded)
      v128.store_lane<i32>(s.keys + <usize>(j >> 4) * groupBytes + (d << 2) + (<usize>(j & 15) << 2), bytes, 0)
    }
  }
}

function packQueries(s: Scratch, from: usize, rows: u32, headBytes: usize): void {
  const channelScales = s.keyScales
  let to = s.queries
  for (let row: u32 = 0; row < rows; row++, from += headBytes) {
    let most = f32x4.splat(TINY)
    for (let d: usize = 0; d < headBytes; d += 16) {
      most = f32x4.pmax(most, f32x4.abs(f32x4.mul(v128.load(from + d), v128.load(channelScales + d))))
    }
    const magnitude = maxOfLanes(most)
    store<f32>(s.queryScales + (<usize>row << 2), magnitude / <f32>127)
    const steps = f32x4.splat(<f32>127 / magnitude)
    for (let d: usize = 0; d < headBytes; d += 64, to += 16) {
      const a = roundScaled(f32x4.mul(v128.load(from + d), v128.load(channelScales + d)), steps)
      const b = roundScaled(f32x4.mul(v128.load(from + d, 16), v128.load(channelScales + d, 16)), steps)
      const c = roundScaled(f32x4.mul(v128.load(from + d, 32), v128.load(channelScales + d, 32)), steps)
      const f = roundScaled(f32x4.mul(v128.load(from + d, 48), v128.load(channelScales + d, 48)), steps)
      v128.store(to, i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, f)))
    }
  }
}

/** Scores of the queries `row` and `row + 1` with all keys. */
@inline
function scorePair(fused: bool, s: Scratch, row: u32, padded: u32, headSize: u32): void {
  const size = <usize>headSize
  const q = s.queries + <usize>row * size
  const scale0 = v128.load32_splat(s.queryScales + (<usize>row << 2))
  const scale1 = v128.load32_splat(s.queryScales + (<usize>row << 2), 4)
  const stride = <usize>s.longest << 2
  let k = s.keys
  let to = s.scores
  const end = to + (<usize>padded << 2)
  for (; to < end; to += 64) {
    let c00 = i32x4.splat(0)
    let c01 = c00
    let c02 = c00
    let c03 = c00
    let c10 = c00
    let c11 = c00
    let c12 = c00
    let c13 = c00
    for (let d: usize = 0; d < size; d += 4, k += 64) {
      const k0 = v128.load(k)
      const k1 = v128.load(k, 16)
      const k2 = v128.load(k, 32)
      const k3 = v128.load(k, 48)
      const x = v128.load32_splat(q + d)
      const y = v128.load32_splat(q + d + size)
      c00 = addDots(fused, x, k0, c00)
      c01 = addDots(fused, x, k1, c01)
      c02 = addDots(fused, x, k2, c02)
      c03 = addDots(fused, x, k3, c03)
      c10 = addDots(fused, y, k0, c10)
      c11 = addDots(fused, y, k1, c11)
      c12 = addDots(fused, y, k2, c12)
      c13 = addDots(fused, y, k3, c13)
    }
    const second = to + stride
    v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(c00), scale0))
    v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(c01), scale0), 16)
    v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(c02), scale0), 32)
    v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(c03), scale0), 48)
    v128.store(second, f32x4.mul(f32x4.convert_i32x4_s(c10), scale1))
    v128.store(second, f32x4.mul(f32x4.convert_i32x4_s(c11), scale1), 16)
    v128.store(second, f32x4.mul(f32x4.convert_i32x4_s(c12), scale1), 32)
    v128.store(second, f32x4.mul(f32x4.convert_i32x4_s(c13), scale1), 48)
  }
}

/** Just below 14: the largest probability becomes 2^14 − 1, and rounding never makes it 2^14. */
const TOP: f32 = 13.99991

/**
 * exp2 of each score as an integer of 14 bits.
 *
 * @param inPlanes in two halves of 7 bits; else as int16
 * @param to the integers or their high halves, whose low ones follow `plane` bytes later
 * @returns 1 / the sum of the integers
 */
function softmax(inPlanes: bool, scores: usize, tokens: u32, padded: u32, to: usize, plane: usize): f32 {
  for (let j = tokens; j < padded; j++) store<f32>(scores + (<usize>j << 2), -1e30)
  const end = scores + (<usize>padded << 2)
  let a = v128.load(scores)
  let b = v128.load(scores, 16)
  for (let p = scores + 32; p < end; p += 32) {
    a = f32x4.pmax(a, v128.load(p))
    b = f32x4.pmax(b, v128.load(p, 16))
  }
  const largest = f32x4.splat(maxOfLanes(f32x4.pmax(a, b)) - TOP)
  const seven = i16x8.splat(127)
  let sum = i32x4.splat(0)
  for (let p = scores; p < end; p += 64) {
    const x0 = weight(p, largest)
    const x1 = weight(p + 16, largest)
    const x2 = weight(p + 32, largest)
    const x3 = weight(p + 48, largest)
    sum = i32x4.add(sum, i32x4.add(i32x4.add(x0, x1), i32x4.add(x2, x3)))
    const y0 = i16x8.narrow_i32x4_s(x0, x1)
    const y1 = i16x8.narrow_i32x4_s(x2, x3)
    if (inPlanes) {
      v128.store(to, i8x16.narrow_i16x8_u(i16x8.shr_u(y0, 7), i16x8.shr_u(y1, 7)))
      v128.store(to + plane, i8x16.narrow_i16x8_u(v128.and(y0, seven), v128.and(y1, seven)))
      to += 16
    } else {
      v128.store(to, y0)
      v128.store(to, y1, 16)
      to += 32
    }
  }
  sum = i32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1))
  return <f32>1 / <f32>(i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1))
}

/** ROUNDING's bits, and a mask of 14. In memory for the reason at `EXP2`. */
const ROUND: usize = memory.data<u32>([0x4b400000, 16383], 16)

@inline
function weight(score: usize, largest: v128): v128 {
  const power = exp2(f32x4.sub(v128.load(score), largest))
  return v128.and(f32x4.add(power, v128.load32_splat(ROUND)), v128.load32_splat(ROUND, 4))
}
