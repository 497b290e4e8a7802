/** Both scans against each other, to the last bit, and against exact arithmetic. */

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toIntegerQuery } from '../../../src/search/integer-query.ts'
import { createJavascriptScan, createWasmScan, rowsAtOnce, type RowScan } from '../../../src/search/row-scan.ts'
import { SCAN_MODULE } from '../../../src/search/scan-module.ts'
import { compileScan, toSource } from '../../../tools/search/build.mjs'

/** Scores of as many rows as there are. */
function scanWith(made: RowScan): RowScan['scan'] {
  return (query, rows, dimensions) => made.scan(query, rows, dimensions).slice(0, rows.length / dimensions)
}

const wasm = scanWith(createWasmScan())
const javascript = scanWith(createJavascriptScan('a test'))

/** Numerical Recipes' linear congruential generator; its upper bits. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

interface Case {
  dimensions: number
  width: number
  query: Float32Array
  rows: Int8Array
}

/** Rows of every kind: random, extremes only, and zeros at their beginning or all over. */
function makeCase(dimensions: number, width: number, count: number, seed: number): Case {
  const random = randomFrom(seed)
  const query = Float32Array.from({ length: width }, () => random() * 2 - 1)
  query[Math.floor(random() * width)] = 1
  const rows = new Int8Array(count * dimensions)
  for (let row = 0; row < count; row++) {
    const kind = Math.floor(random() * 5)
    const zeros = kind === 0 ? Math.floor(random() * (dimensions + 1)) : 0
    for (let i = zeros; i < dimensions; i++) {
      rows[row * dimensions + i] = kind === 1 ? (random() < 0.5 ? -128 : 127) : Math.floor(random() * 256) - 128
    }
  }
  return { dimensions, width, query, rows }
}

const cases = fc
  .record({
    dimensions: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 71, max: 1100 })),
    cut: fc.double({ min: 0, max: 1, noNaN: true }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    seed: fc.integer(),
  })
  .map(({ dimensions, cut, part, seed }) =>
    makeCase(
      dimensions,
      Math.max(1, Math.round(cut * dimensions)),
      Math.max(1, Math.round(part * Math.min(rowsAtOnce(dimensions), 80))),
      seed,
    ),
  )

/** Float64 cosine of the unrounded query with the leading values of a row. */
function cosine({ dimensions, width, query, rows }: Case, row: number): number {
  let products = 0
  let squares = 0
  let querySquares = 0
  for (let i = 0; i < width; i++) {
    const value = rows[row * dimensions + i]!
    products += value * query[i]!
    squares += value * value
    querySquares += query[i]! * query[i]!
  }
  return squares === 0 ? 0 : products / Math.sqrt(squares * querySquares)
}

/** The scores' bits: NaN and the sign of zero count as well. */
const bits = (scores: Float64Array): bigint[] => [...new BigInt64Array(Float64Array.from(scores).buffer)]

describe('both scans', () => {
  it('give the same bits, which are the cosines, whatever the shape', () => {
    fc.assert(
      fc.property(cases, (made) => {
        const query = toIntegerQuery(made.query)
        const scores = wasm(query, made.rows, made.dimensions)
        expect(bits(javascript(query, made.rows, made.dimensions))).toEqual(bits(scores))
        expect(scores).toHaveLength(made.rows.length / made.dimensions)
        // The query's rounding to 16 bits, or what of them its width leaves.
        const limit = Math.min(32767, Math.floor(2 ** 24 / made.width) - 1)
        for (const [row, score] of scores.entries()) {
          expect(Math.abs(score - cosine(made, row))).toBeLessThan(1.01 / limit)
          expect(Math.abs(score)).toBeLessThanOrEqual(1)
        }
      }),
      { numRuns: 300 },
    )
  })

  it.each([1, 383, 512, 513, 16_383, 16_384])('do not overflow at %i extreme values', (width) => {
    const rows = new Int8Array(4 * width).fill(-128, 0, width).fill(127, width, 2 * width)
    for (let i = 0; i < width; i++) rows[2 * width + i] = i % 2 === 0 ? 127 : -128
    for (const sign of [1, -1]) {
      const query = toIntegerQuery(new Float32Array(width).fill(sign))
      const scores = wasm(query, rows, width)
      expect(scores[0]).toBe(-sign)
      expect(scores[1]).toBe(sign)
      expect(scores[3]).toBe(0)
      expect(bits(javascript(query, rows, width))).toEqual(bits(scores))
    }
  })

  it('take nothing from the rows of the call before, nor from what lies behind the width', () => {
    const large = makeCase(100, 100, rowsAtOnce(100), 5)
    const small = makeCase(37, 21, 3, 6)
    const query = toIntegerQuery(small.query)
    const first = bits(wasm(query, small.rows, 37))
    wasm(toIntegerQuery(large.query), large.rows, 100)
    expect(bits(wasm(query, small.rows, 37))).toEqual(first)
    const other = small.rows.map((value, i) => (i % 37 < 21 ? value : ~value))
    expect(bits(wasm(query, other, 37))).toEqual(first)
  })

  it('take as many rows as rowsAtOnce says, at any number of dimensions', () => {
    for (const dimensions of [1, 2, 127, 128, 129, 384, 4097, 16_383, 16_384]) {
      const made = makeCase(dimensions, dimensions, rowsAtOnce(dimensions), dimensions)
      const query = toIntegerQuery(made.query)
      const scores = bits(wasm(query, made.rows, dimensions))
      expect(scores).toEqual(bits(javascript(query, made.rows, dimensions)))
    }
  })
})

describe('the committed module', () => {
  it('is what its source compiles to', async () => {
    const source = readFileSync(new URL('../../../src/search/scan-module.ts', import.meta.url), 'utf8')
    expect(toSource(await compileScan())).toBe(source)
  })

  it('is small enough to be compiled while a page waits, and imports nothing', () => {
    const bytes = Buffer.from(SCAN_MODULE, 'base64')
    // Chromium's limit before version 115.
    expect(bytes.length).toBeLessThan(4096)
    expect(WebAssembly.Module.imports(new WebAssembly.Module(bytes))).toEqual([])
  })
})
