/** Operations on the lanes of one vector. */

/** 1.5 × 2^23: a float32 that has it added keeps no fraction, and its low bits are the rounded number. */
export const ROUNDING: f32 = 12582912

@inline
export function maxOfLanes(v: v128): f32 {
  v = f32x4.pmax(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1))
  v = f32x4.pmax(v, v128.shuffle<f32>(v, v, 1, 0, 3, 2))
  return f32x4.extract_lane(v, 0)
}

@inline
export function minOfLanes(v: v128): f32 {
  v = f32x4.pmin(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1))
  v = f32x4.pmin(v, v128.shuffle<f32>(v, v, 1, 0, 3, 2))
  return f32x4.extract_lane(v, 0)
}

@inline
export function sumOfLanes(v: v128): f32 {
  v = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1))
  v = f32x4.add(v, v128.shuffle<f32>(v, v, 1, 0, 3, 2))
  return f32x4.extract_lane(v, 0)
}

/** a × b + c in two roundings: a fused multiply-add would give other bits on other machines. */
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c)
}

/** x × factor, rounded to the nearest integer (int32 lanes), for |x × factor| < 2^22. */
@inline
export function roundScaled(x: v128, factor: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.mul(x, factor), f32x4.splat(ROUNDING)), i32x4.splat(0x4b400000))
}

/**
 * -120; ROUNDING; the polynomial of `exp2`. In memory, since V8 makes a constant vector anew at every use, in three
 * instructions, where a load is one.
 */
const EXP2: usize = memory.data<f32>(
  [
    -120, ROUNDING, 0.001327647129073739, 0.009675541892647743, 0.05550713092088699, 0.24022120237350464,
    0.6931469440460205, 1.0000001192092896,
  ],
  16,
)

/** 2^x for x ≤ 127; 2^-120 below that. Relative error 2e-7: polynomial of degree 5 on [-1/2, 1/2], fitted by minimax. */
@inline
export function exp2(x: v128): v128 {
  x = f32x4.pmax(v128.load32_splat(EXP2), x)
  const rounding = v128.load32_splat(EXP2, 4)
  const shifted = f32x4.add(x, rounding)
  const f = f32x4.sub(x, f32x4.sub(shifted, rounding))
  let p = multiplyAdd(v128.load32_splat(EXP2, 8), f, v128.load32_splat(EXP2, 12))
  p = multiplyAdd(p, f, v128.load32_splat(EXP2, 16))
  p = multiplyAdd(p, f, v128.load32_splat(EXP2, 20))
  p = multiplyAdd(p, f, v128.load32_splat(EXP2, 24))
  p = multiplyAdd(p, f, v128.load32_splat(EXP2, 28))
  // The low bits of `shifted` are the integer part; 23 bits up they are an exponent.
  return i32x4.add(p, i32x4.shl(shifted, 23))
}
