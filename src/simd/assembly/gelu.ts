/** The activation function of BERT's feed-forward layer. */

import { multiplyAdd } from './lanes'

/** Beyond it the error function is 1 within float32's precision of the product. */
const EDGE: f32 = 4.5

/** Coefficients, highest first; 1/2; both edges. In memory for the reason at `EXP2` in `lanes.ts`. */
const COEFFICIENTS: usize = memory.data<f32>(
  [
    -1.4000660440022239e-12, 1.6973025762645477e-10, -9.193744432423046e-9, 2.958897766802693e-7, -6.365255103446543e-6,
    9.787135786609724e-5, -0.0011226785136386752, 0.009833185002207756, -0.06633705645799637, 0.39888378977775574, 0.5,
    EDGE, -EDGE,
  ],
  16,
)

/**
 * x ← x Φ(x), exactly the `gelu` of Hendrycks and Gimpel (arXiv 1606.08415), not its tanh approximation: Φ(x) − 1/2 is
 * an odd polynomial of degree 19 on [-4.5, 4.5], fitted by minimax; absolute error below 4e-5.
 *
 * @param count of float32, a multiple of 16
 */
export function gelu(states: usize, count: usize): void {
  const end = states + (count << 2)
  for (let p = states; p < end; p += 64) {
    const high = v128.load32_splat(COEFFICIENTS, 44)
    const low = v128.load32_splat(COEFFICIENTS, 48)
    const x0 = f32x4.pmax(low, f32x4.pmin(high, v128.load(p)))
    const x1 = f32x4.pmax(low, f32x4.pmin(high, v128.load(p, 16)))
    const x2 = f32x4.pmax(low, f32x4.pmin(high, v128.load(p, 32)))
    const x3 = f32x4.pmax(low, f32x4.pmin(high, v128.load(p, 48)))
    const t0 = f32x4.mul(x0, x0)
    const t1 = f32x4.mul(x1, x1)
    const t2 = f32x4.mul(x2, x2)
    const t3 = f32x4.mul(x3, x3)
    let c = v128.load32_splat(COEFFICIENTS)
    let r0 = c
    let r1 = c
    let r2 = c
    let r3 = c
    for (let i: usize = 4; i < 40; i += 4) {
      c = v128.load32_splat(COEFFICIENTS + i)
      r0 = multiplyAdd(r0, t0, c)
      r1 = multiplyAdd(r1, t1, c)
      r2 = multiplyAdd(r2, t2, c)
      r3 = multiplyAdd(r3, t3, c)
    }
    c = v128.load32_splat(COEFFICIENTS, 40)
    v128.store(p, f32x4.mul(v128.load(p), multiplyAdd(r0, x0, c)))
    v128.store(p, f32x4.mul(v128.load(p, 16), multiplyAdd(r1, x1, c)), 16)
    v128.store(p, f32x4.mul(v128.load(p, 32), multiplyAdd(r2, x2, c)), 32)
    v128.store(p, f32x4.mul(v128.load(p, 48), multiplyAdd(r3, x3, c)), 48)
  }
}
