/**
 * Dot product of two vectors of the same length, summed in float64. On L2-normalised vectors, such as all
 * that this library returns, it is their cosine similarity.
 *
 * @param a any length, 0 included
 * @param b the same length as `a`
 * @returns the sum of products; 0 for empty vectors, NaN where a value is NaN
 * @throws {RangeError} when the lengths differ
 */
export function dot(a: Float32Array, b: Float32Array): number {
  requireSameLength(a, b)
  const length = a.length
  const blocks = length - (length % 4)
  // Four sums that do not wait for one another: a single one is bound by the latency of the addition.
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let i = 0
  for (; i < blocks; i += 4) {
    s0 += a[i]! * b[i]!
    s1 += a[i + 1]! * b[i + 1]!
    s2 += a[i + 2]! * b[i + 2]!
    s3 += a[i + 3]! * b[i + 3]!
  }
  for (; i < length; i++) s0 += a[i]! * b[i]!
  return s0 + s1 + (s2 + s3)
}

/**
 * Cosine similarity of two vectors of the same length, which need not be normalised.
 *
 * @param a any length, 0 included
 * @param b the same length as `a`
 * @returns from -1 to 1; 0 when either vector is all zeros (as scikit-learn's `cosine_similarity` does), NaN
 *   where a value is NaN or infinite
 * @throws {RangeError} when the lengths differ
 */
export function cosine(a: Float32Array, b: Float32Array): number {
  const product = dot(a, b)
  // One root of the product, not two roots: then a vector against itself gives exactly 1.
  const norms = Math.sqrt(dot(a, a) * dot(b, b))
  if (norms === 0) return 0
  // Rounding may leave parallel vectors a bit outside, where Math.acos gives NaN.
  return Math.max(-1, Math.min(1, product / norms))
}

function requireSameLength(a: Float32Array, b: Float32Array): void {
  if (a.length !== b.length) {
    throw new RangeError(`vectors of ${a.length} and ${b.length} dimensions cannot be compared`)
  }
}
