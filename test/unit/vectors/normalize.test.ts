import { describe, expect, it } from 'vitest'
import { findUnusableRow, normalizeRows } from '../../../src/vectors/normalize.ts'

describe('normalizeRows', () => {
  it('divides each row by its own norm, in place', () => {
    // Norms by hand: |(3, 4)| = 5, |(-6, 8)| = 10, |(0, -2)| = 2.
    const matrix = Float32Array.of(3, 4, -6, 8, 0, -2)
    normalizeRows(matrix, 2)
    expect([...matrix]).toEqual([...Float32Array.of(0.6, 0.8, -0.6, 0.8, 0, -1)])
  })

  it('works on a view without touching what lies around it', () => {
    const buffer = Float32Array.of(9, 3, 4, 9)
    normalizeRows(buffer.subarray(1, 3), 2)
    expect([...buffer]).toEqual([9, Math.fround(0.6), Math.fround(0.8), 9])
  })

  it('normalises rows whose squares would over- or underflow in float32', () => {
    const matrix = Float32Array.of(3e38, 0, 0, 3e38, 1.4e-45, 0)
    normalizeRows(matrix, 2)
    expect([...matrix]).toEqual([1, 0, 0, 1, 1, 0])
  })

  it('leaves zero and non-finite rows exactly as they are', () => {
    const rows = [0, -0, NaN, 1, Infinity, 2, 1, -Infinity]
    const matrix = Float32Array.from(rows)
    normalizeRows(matrix, 2)
    expect([...matrix]).toEqual(rows)
  })

  it('does nothing to an empty matrix', () => {
    expect(() => normalizeRows(new Float32Array(0), 3)).not.toThrow()
  })

  it.each([0, -1, 1.5, NaN, Infinity])('refuses width %d', (width) => {
    expect(() => normalizeRows(new Float32Array(4), width)).toThrow(
      new RangeError(`width must be an integer of at least 1, got ${width}`),
    )
  })

  it('refuses a matrix that has no whole number of rows', () => {
    expect(() => normalizeRows(new Float32Array(5), 2)).toThrow(/5 values .* width 2/)
  })
})

describe('findUnusableRow', () => {
  it.each([
    ['NaN', [1, 0, NaN, 0, 1, 1], 1],
    ['infinity', [1, 0, 0, 1, -Infinity, 1], 2],
    ['infinities of both signs', [Infinity, -Infinity, 0, 1, 1, 1], 0],
    ['zeros', [1, 0, 0, -0, 1, 1], 1],
    ['the first of several', [1, 0, NaN, 1, 0, 0], 1],
    ['none', [1, 0, 0, 1, -1, 0], -1],
    ['none, with values at both ends of float32', [3.4e38, 3.4e38, 1.4e-45, 0, 1, 0], -1],
    ['no rows', [], -1],
  ])('finds %s', (_name, values, row) => {
    expect(findUnusableRow(Float32Array.from(values), 2)).toBe(row)
  })

  it('still finds what normalizeRows has left', () => {
    const matrix = Float32Array.of(3, 4, 0, 0)
    normalizeRows(matrix, 2)
    expect(findUnusableRow(matrix, 2)).toBe(1)
  })

  it('refuses a width that does not fit', () => {
    expect(() => findUnusableRow(new Float32Array(5), 2)).toThrow(RangeError)
  })
})
