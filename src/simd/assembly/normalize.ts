/** Layer normalisation, pooling, and vectors of length 1. */

import { multiplyAdd, sumOfLanes } from './lanes'
import { Norm } from './layout'

/** Normalises `rows` × `width` float32 in place (Ba et al., arXiv 1607.06450). `width` is a multiple of 8. */
export function layerNorm(states: usize, norm: Norm, rows: u32, width: u32): void {
  const bytes = <usize>width << 2
  for (let row: u32 = 0; row < rows; row++, states += bytes) {
    let a = f32x4.splat(0)
    let b = a
    for (let i: usize = 0; i < bytes; i += 32) {
      a = f32x4.add(a, v128.load(states + i))
      b = f32x4.add(b, v128.load(states + i, 16))
    }
    const mean = f32x4.splat(sumOfLanes(f32x4.add(a, b)) / <f32>width)
    a = f32x4.splat(0)
    b = a
    for (let i: usize = 0; i < bytes; i += 32) {
      const x = f32x4.sub(v128.load(states + i), mean)
      const y = f32x4.sub(v128.load(states + i, 16), mean)
      a = multiplyAdd(x, x, a)
      b = multiplyAdd(y, y, b)
    }
    const variance = sumOfLanes(f32x4.add(a, b)) / <f32>width
    const factor = f32x4.splat(<f32>1 / sqrt<f32>(variance + norm.epsilon))
    for (let i: usize = 0; i < bytes; i += 16) {
      const x = f32x4.mul(f32x4.sub(v128.load(states + i), mean), factor)
      v128.store(states + i, multiplyAdd(x, v128.load(norm.gamma + i), v128.load(norm.beta + i)))
    }
  }
}

/**
 * The sum of `rows` × `width` float32 over the rows, made a vector of length 1. A mean differs from a sum by a factor,
 * which the length takes out.
 */
export function poolAndNormalize(states: usize, rows: u32, width: u32, vector: usize): void {
  const bytes = <usize>width << 2
  const end = states + <usize>rows * bytes
  let squares = f32x4.splat(0)
  for (let i: usize = 0; i < bytes; i += 16) {
    let sum = f32x4.splat(0)
    for (let p = states + i; p < end; p += bytes) sum = f32x4.add(sum, v128.load(p))
    squares = multiplyAdd(sum, sum, squares)
    v128.store(vector + i, sum)
  }
  // The floor is that of torch.nn.functional.normalize.
  const factor = f32x4.splat(<f32>1 / max<f32>(sqrt<f32>(sumOfLanes(squares)), 1e-12))
  for (let i: usize = 0; i < bytes; i += 16) v128.store(vector + i, f32x4.mul(v128.load(vector + i), factor))
}
