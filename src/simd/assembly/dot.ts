/**
 * Integer dot products, in the two builds of this module and, with relaxed SIMD, in two ways.
 *
 * The relaxed instructions may compute in several ways where its second operand has the top bit set or a sum of two
 * products leaves int16. Here that operand is 0…127 always, and 2 × 128 × 127 fits: so every CPU gives the same, exact
 * result, and so does the build without relaxed SIMD.
 *
 * `fused` is one instruction on CPUs with AVX-VNNI or ARM's dot product, and five on others, where two instructions of
 * the same result take three. `../kernel-choice.ts` finds out which.
 */

/**
 * Adds to each int32 lane the products of 4 neighbouring bytes.
 *
 * @param fused a constant, so that only one way is compiled into each loop
 * @param a int8
 * @param b unsigned, 0…127
 */
@inline
export function addDots(fused: bool, a: v128, b: v128, total: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    if (fused) return i32x4.relaxed_dot_i8x16_i7x16_add_s(a, b, total)
    return i32x4.add(total, i32x4.extadd_pairwise_i16x8_s(i16x8.relaxed_dot_i8x16_i7x16_s(a, b)))
  }
  const low = i16x8.splat(0xff)
  const even = i32x4.dot_i16x8_s(i16x8.shr_s(i16x8.shl(a, 8), 8), v128.and(b, low))
  const odd = i32x4.dot_i16x8_s(i16x8.shr_s(a, 8), i16x8.shr_u(b, 8))
  return i32x4.add(total, i32x4.add(even, odd))
}
