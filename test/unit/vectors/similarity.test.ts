import { describe, expect, it } from 'vitest'
import { cosine, dot } from '../../../src/vectors/similarity.ts'

describe('dot', () => {
  it.each([0, 1, 2, 3, 4, 5, 7, 8, 9, 384])(
    'sums %d products, whatever is left of the last block',
    (length) => {
      // 1·1 + 2·2 + … + n·n = n(n + 1)(2n + 1) / 6, exact in float64.
      const vector = Float32Array.from({ length }, (_, i) => i + 1)
      expect(dot(vector, vector)).toBe((length * (length + 1) * (2 * length + 1)) / 6)
    },
  )

  it('keeps the sign and the order of its operands', () => {
    expect(dot(Float32Array.of(1, -2, 3), Float32Array.of(4, 5, 6))).toBe(12)
  })

  it('sums in float64', () => {
    // In float32 the 1 would be lost beside 2^25.
    expect(dot(Float32Array.of(2 ** 25, 1), Float32Array.of(1, 1))).toBe(2 ** 25 + 1)
  })

  it('refuses vectors of different lengths', () => {
    expect(() => dot(new Float32Array(3), new Float32Array(4))).toThrow(
      new RangeError('vectors of 3 and 4 dimensions cannot be compared'),
    )
  })
})

describe('cosine', () => {
  it.each([
    ['the angle, not the length', [3, 4], [40, 30], 24 / 25],
    ['parallel', [1, 2, 3], [2, 4, 6], 1],
    ['opposite', [1, 2, 3], [-1, -2, -3], -1],
    ['orthogonal', [1, 0], [0, 5], 0],
    ['a zero vector', [0, 0], [1, 2], 0],
    ['two zero vectors', [0, 0], [0, 0], 0],
    ['no dimensions', [], [], 0],
    ['subnormals', [1.4e-45], [1.4e-45], 1],
    ['the largest values', [3e38, 3e38], [3e38, 3e38], 1],
  ])('of %s', (_name, a, b, expected) => {
    expect(cosine(Float32Array.from(a), Float32Array.from(b))).toBeCloseTo(expected, 12)
  })

  it('is exactly 1 for a vector and itself', () => {
    const vector = Float32Array.from({ length: 384 }, (_, i) => Math.sin(i))
    expect(cosine(vector, vector)).toBe(1)
  })

  it('never leaves [-1, 1]', () => {
    for (let factor = 1; factor < 200; factor++) {
      const a = Float32Array.of(0.1 * factor, 0.2 * factor, 0.3)
      const b = a.map((value) => value * 3)
      expect(Math.abs(cosine(a, b))).toBeLessThanOrEqual(1)
    }
  })

  it('is NaN where a value is', () => {
    expect(cosine(Float32Array.of(NaN, 1), Float32Array.of(1, 1))).toBeNaN()
    expect(cosine(Float32Array.of(Infinity, 1), Float32Array.of(1, 1))).toBeNaN()
  })

  it('refuses vectors of different lengths', () => {
    expect(() => cosine(new Float32Array(2), new Float32Array(1))).toThrow(RangeError)
  })
})
