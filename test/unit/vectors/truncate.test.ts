import { describe, expect, it } from 'vitest'
import { truncateRows } from '../../../src/vectors/truncate.ts'

describe('truncateRows', () => {
  it('keeps the first values of every row and normalises them again', () => {
    // Kept parts by hand: (3, 4) has norm 5, (5, 12) has norm 13.
    const matrix = Float32Array.of(3, 4, 100, 5, 12, -100)
    expect([...truncateRows(matrix, 3, 2)]).toEqual([...Float32Array.of(0.6, 0.8, 5 / 13, 12 / 13)])
  })

  it('leaves the source untouched and returns a buffer of its own', () => {
    const source = Float32Array.of(3, 4, 1, 5, 12, 1)
    const cut = truncateRows(source, 3, 2)
    expect([...source]).toEqual([3, 4, 1, 5, 12, 1])
    expect(cut.buffer).not.toBe(source.buffer)
    expect(cut.buffer.byteLength).toBe(2 * 2 * 4)
  })

  it('normalises at full width too', () => {
    expect([...truncateRows(Float32Array.of(0, 2), 2, 2)]).toEqual([0, 1])
  })

  it('gives rows of unit length at any number of dimensions', () => {
    const width = 7
    const matrix = Float32Array.from({ length: 3 * width }, (_, i) => Math.sin(i + 1))
    for (let dimensions = 1; dimensions <= width; dimensions++) {
      const cut = truncateRows(matrix, width, dimensions)
      for (let row = 0; row < 3; row++) {
        const norm = Math.hypot(...cut.subarray(row * dimensions, (row + 1) * dimensions))
        expect(norm).toBeCloseTo(1, 6)
      }
    }
  })

  it('leaves a row whose kept part is all zeros as zeros', () => {
    expect([...truncateRows(Float32Array.of(0, 0, 1), 3, 2)]).toEqual([0, 0])
  })

  it.each([0, 4, 1.5, -1, NaN])('refuses %d of 3 dimensions', (dimensions) => {
    expect(() => truncateRows(new Float32Array(6), 3, dimensions)).toThrow(
      new RangeError(`dimensions must be an integer from 1 to 3, got ${dimensions}`),
    )
  })

  it('refuses a width that does not fit', () => {
    expect(() => truncateRows(new Float32Array(5), 2, 1)).toThrow(RangeError)
  })
})
