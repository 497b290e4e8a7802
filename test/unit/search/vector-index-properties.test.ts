/** The index against a float64 search of everything, and what it costs. */

import { setImmediate } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VectorIndex, type VectorMatch } from '../../../src/search/vector-index.ts'

const FINGERPRINT = 'fp_a'

/** What was added, as the index gives it back: the search among these values is exact. */
function exactSearch(index: VectorIndex, query: Float32Array, accept: (row: number) => boolean): VectorMatch[] {
  const matches: VectorMatch[] = []
  for (let row = 0; row < index.size; row++) {
    if (!accept(row)) continue
    const vector = index.vector(row)
    let products = 0
    let squares = 0
    let querySquares = 0
    for (let i = 0; i < query.length; i++) {
      products += vector[i]! * query[i]!
      squares += vector[i]! * vector[i]!
      querySquares += query[i]! * query[i]!
    }
    matches.push({ index: row, score: squares === 0 ? 0 : products / Math.sqrt(squares * querySquares) })
  }
  return matches.sort((a, b) => b.score - a.score || a.index - b.index)
}

/** Subnormal numbers have no room for a scale. */
const value = fc.float({ min: -1, max: 1, noNaN: true }).map((drawn) => (Math.abs(drawn) < 1e-30 ? 0 : drawn))

/** Vectors of one width: many small ones or some that fill a block of 256 kB with few rows. */
const collections = fc
  .oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(383, 384, 4096))
  .chain((dimensions) =>
    fc.record({
      dimensions: fc.constant(dimensions),
      width: fc.integer({ min: 1, max: dimensions }),
      /** Rows of each `addAll`; one row goes by `add`. */
      parts: fc.array(fc.integer({ min: 0, max: dimensions > 100 ? 40 : 200 }), { minLength: 1, maxLength: 6 }),
      // A few distinct vectors, each added often: ties. Lengths of 1 and others.
      seeds: fc.array(fc.tuple(fc.array(value, { minLength: 8, maxLength: 8 }), fc.boolean()), {
        minLength: 1,
        maxLength: 12,
      }),
      query: fc.array(value, { minLength: 8, maxLength: 8 }),
      topK: fc.integer({ min: 0, max: 300 }),
      keep: fc.integer({ min: 1, max: 4 }),
    }),
  )

/** As long as wanted from a few values, never zero at the beginning. */
function stretch(values: readonly number[], width: number, isUnit: boolean): Float32Array {
  const long = Float32Array.from(
    { length: width },
    (_, i) => values[(i * 5 + (i >> 3)) % values.length]! || 1e-3,
  )
  const length = isUnit ? Math.sqrt(long.reduce((sum, x) => sum + x * x, 0)) : 1
  return long.map((x) => x / length)
}

describe('VectorIndex', () => {
  it('finds what a float64 search of its own vectors finds, ties included, however the rows were added', () => {
    fc.assert(
      fc.property(collections, ({ dimensions, width, parts, seeds, query, topK, keep }) => {
        const index = new VectorIndex({ dimensions, fingerprint: FINGERPRINT })
        const vectors = seeds.map(([values, isUnit]) => stretch(values, dimensions, isUnit))
        const added: Float32Array[] = []
        for (const count of parts) {
          const rows = Array.from({ length: count }, (_, i) => vectors[(added.length + i) % vectors.length]!)
          if (count === 1) expect(index.add(rows[0]!, FINGERPRINT)).toBe(added.length)
          else
            expect(index.addAll(Float32Array.from(rows.flatMap((row) => [...row])), FINGERPRINT)).toBe(
              added.length,
            )
          added.push(...rows)
        }
        expect(index.size).toBe(added.length)
        const asked = stretch(query, width, false)
        const accept = (row: number): boolean => row % keep === 0
        const matches = index.search(asked, { fingerprint: FINGERPRINT, topK, filter: accept })
        const exact = exactSearch(index, asked, accept)
        expect(matches).toHaveLength(Math.min(topK, exact.length))
        const scoreOf = new Map(exact.map((match) => [match.index, match.score]))
        const tolerance = 1.01 / Math.min(32767, Math.floor(2 ** 24 / width) - 1)
        for (const [rank, match] of matches.entries()) {
          expect(accept(match.index)).toBe(true)
          expect(Math.abs(match.score - exact[rank]!.score)).toBeLessThan(tolerance)
          expect(Math.abs(match.score - scoreOf.get(match.index)!)).toBeLessThan(tolerance)
          const before = matches[rank - 1]
          if (before === undefined) continue
          expect(before.score).toBeGreaterThanOrEqual(match.score)
          if (before.score === match.score) expect(before.index).toBeLessThan(match.index)
        }
        // The same rows once more, from what is stored: the same bits.
        const stored = VectorIndex.fromInt8(structuredClone(index.toInt8()))
        expect(stored.search(asked, { fingerprint: FINGERPRINT, topK, filter: accept })).toEqual(matches)
        for (const row of [0, added.length >> 1, added.length - 1].filter(
          (row) => row >= 0 && row < added.length,
        )) {
          expect(stored.vector(row)).toEqual(index.vector(row))
          const largest = added[row]!.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
          const length = Math.sqrt(added[row]!.reduce((sum, x) => sum + x * x, 0))
          // Half a step of the rounding, and where the length is kept as 1 what that changes.
          const error = largest / 254 + largest * (Math.abs(length - 1) < 2e-4 ? 0.02 : 1e-6)
          const errors = index.vector(row).map((x, i) => Math.abs(x - added[row]![i]!))
          expect(errors.reduce((most, x) => Math.max(most, x), 0)).toBeLessThanOrEqual(error)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('gives vectors of length 1 back with length 1, also beside others', () => {
    const index = new VectorIndex({ dimensions: 384, fingerprint: FINGERPRINT })
    const unit = stretch([0.3, -0.2, 0.9, 0.1, -0.7, 0.5, 0.4, -0.6], 384, true)
    const long = unit.map((x) => 3 * x)
    for (const vector of [unit, unit, long, unit]) index.add(vector, FINGERPRINT)
    const lengths = [0, 1, 2, 3].map((row) => Math.hypot(...index.vector(row)))
    expect(lengths[0]).toBeCloseTo(1, 6)
    expect(lengths[1]).toBe(lengths[0])
    expect(lengths[2]).toBeCloseTo(3, 2)
    expect(lengths[3]).toBe(lengths[0])
  })

  it('may be searched, and added to, by the filter of a search', () => {
    const make = (count: number): VectorIndex => {
      const index = new VectorIndex({ dimensions: 8, fingerprint: FINGERPRINT })
      for (let i = 0; i < count; i++)
        index.add(stretch([1, i % 7, -i % 5, 2, i % 3, 0.5, -1, i], 8, true), FINGERPRINT)
      return index
    }
    const [outer, inner] = [make(1000), make(300)]
    const query = [1, 2, 3, 4, 5, 6, 7, 8]
    const other = query.toReversed()
    const expected = outer.search(query, { fingerprint: FINGERPRINT, filter: (row) => row % 2 === 0 })
    const innerExpected = inner.search(other, { fingerprint: FINGERPRINT })
    const found = outer.search(query, {
      fingerprint: FINGERPRINT,
      filter: (row) => {
        expect(inner.search(other, { fingerprint: FINGERPRINT })).toEqual(innerExpected)
        if (row < 400) outer.add(query, FINGERPRINT)
        return row % 2 === 0
      },
    })
    expect(found).toEqual(expected)
    expect(outer.size).toBe(1400)
    expect(outer.search(query, { fingerprint: FINGERPRINT, topK: 1 })[0]!.index).toBe(1000)
  })

  it('asks the filter once for every row, in order', () => {
    const index = new VectorIndex({ dimensions: 2, fingerprint: FINGERPRINT })
    index.addAll(new Float32Array(4000).fill(1), FINGERPRINT)
    const asked: number[] = []
    index.search([1, 0], { fingerprint: FINGERPRINT, topK: 1, filter: (row) => asked.push(row) > 0 })
    expect(asked).toEqual(Array.from({ length: 2000 }, (_, row) => row))
  })
})

describe('memory of an index', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  /** Buffers are freed beside the collection that finds them unused: the next one waits for that. */
  const buffers = async (): Promise<number> => {
    for (let round = 0; round < 3; round++) {
      collect()
      await setImmediate()
    }
    return process.memoryUsage().arrayBuffers
  }
  const WIDTH = 384
  const ROWS = 20_000
  const matrix = new Float32Array(ROWS * WIDTH)
  for (let row = 0; row < ROWS; row++) {
    matrix.set(stretch([1, row % 7, -row % 5, 2, row % 3, 0.5, -1, row], WIDTH, true), row * WIDTH)
  }
  const perDimension = async (fill: (index: VectorIndex) => void): Promise<number> => {
    const before = await buffers()
    const index = new VectorIndex({ dimensions: WIDTH, fingerprint: FINGERPRINT })
    fill(index)
    index.search(matrix.subarray(0, WIDTH), { fingerprint: FINGERPRINT })
    const bytes = (await buffers()) - before
    expect(index.size).toBe(ROWS)
    return bytes / (ROWS * WIDTH)
  }

  it('is a byte a dimension where all rows are added at once', async () => {
    const bytes = await perDimension((index) => index.addAll(matrix, FINGERPRINT))
    expect(bytes).toBeGreaterThan(0.99)
    expect(bytes).toBeLessThan(1.001)
  })

  it('is 256 kB more at most where they come one by one', async () => {
    const bytes = await perDimension((index) => {
      for (let start = 0; start < matrix.length; start += WIDTH) {
        index.addAll(matrix.subarray(start, start + WIDTH), FINGERPRINT)
      }
    })
    expect(bytes).toBeLessThan(1.001 + 2 ** 18 / (ROWS * WIDTH))
  })
})
