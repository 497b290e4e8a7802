import { describe, expect, it } from 'vitest'
import { EmbeddingsError } from '../../../src/openai/errors.ts'
import { VectorIndex } from '../../../src/search/vector-index.ts'

const SPACE = { dimensions: 384, fingerprint: 'fp_a' }

/** Normal values by Box and Muller over a linear congruential generator. */
function gaussian(seed: number): () => number {
  let state = seed
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state + 1) / 4_294_967_297
  }
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}

/** Rows around `centres` directions, as embeddings of texts on so many topics lie. */
function clustered(count: number, width: number, centres: number, seed: number): number[][] {
  const next = gaussian(seed)
  const middles = Array.from({ length: centres }, () => Array.from({ length: width }, next))
  return Array.from({ length: count }, (_, row) => middles[row % centres]!.map((value) => value + next()))
}

/** The oracle: float64 cosine over the leading values, sorted. */
function exact(rows: number[][], query: number[], width: number): { index: number; score: number }[] {
  const cosine = (a: number[], b: number[]): number => {
    let product = 0
    let squaresA = 0
    let squaresB = 0
    for (let i = 0; i < width; i++) {
      product += a[i]! * b[i]!
      squaresA += a[i]! ** 2
      squaresB += b[i]! ** 2
    }
    return product / Math.sqrt(squaresA * squaresB)
  }
  return rows.map((row, index) => ({ index, score: cosine(row, query) })).sort((a, b) => b.score - a.score)
}

function indexOf(rows: number[][]): VectorIndex {
  const index = new VectorIndex(SPACE)
  for (const row of rows) index.add(row, 'fp_a')
  return index
}

describe('VectorIndex.search', () => {
  const rows = clustered(3000, 384, 60, 1)
  const queries = clustered(60, 384, 60, 1).map((row, i) =>
    row.map((value, j) => value + 0.7 * Math.sin(i * 384 + j * j)),
  )
  const index = indexOf(rows)

  it.each([384, 256, 128, 64])(
    'finds what an exact float search finds at %i dimensions: recall@10 ≥ 0.99',
    (width) => {
      let found = 0
      let largestError = 0
      for (const query of queries) {
        const truth = exact(rows, query, width)
        const tenth = truth[9]!.score
        const scoreOf = new Map(truth.map((match) => [match.index, match.score]))
        const matches = index.search(query.slice(0, width), { fingerprint: 'fp_a', topK: 10 })
        expect(matches).toHaveLength(10)
        for (const match of matches) {
          if (scoreOf.get(match.index)! >= tenth) found++
          largestError = Math.max(largestError, Math.abs(match.score - scoreOf.get(match.index)!))
        }
      }
      expect(found / (10 * queries.length)).toBeGreaterThanOrEqual(0.99)
      expect(largestError).toBeLessThan(0.003)
    },
  )

  it('takes fewer dimensions from a full query with `dimensions`', () => {
    const query = queries[7]!
    const byOption = index.search(query, { fingerprint: 'fp_a', dimensions: 128 })
    expect(byOption).toEqual(index.search(query.slice(0, 128), { fingerprint: 'fp_a' }))
    expect(byOption).not.toEqual(index.search(query, { fingerprint: 'fp_a' }))
    // And back: norms of the other width must not be used.
    expect(index.search(query, { fingerprint: 'fp_a' })[0]!.score).toBeCloseTo(
      exact(rows, query, 384)[0]!.score,
      2,
    )
  })

  it('passes over what the filter refuses, and still fills up to topK', () => {
    const matches = index.search(queries[0]!, { fingerprint: 'fp_a', topK: 20, filter: (i) => i % 7 === 3 })
    expect(matches).toHaveLength(20)
    expect(matches.every((match) => match.index % 7 === 3)).toBe(true)
    const truth = exact(rows, queries[0]!, 384).filter((match) => match.index % 7 === 3)
    expect(matches[0]!.index).toBe(truth[0]!.index)
    expect(index.search(queries[0]!, { fingerprint: 'fp_a', filter: () => false })).toEqual([])
  })

  it('returns the best first, ties by lower index, at most what there is', () => {
    const small = new VectorIndex({ dimensions: 2, fingerprint: 'fp_a' })
    small.addAll(new Float32Array([0, 3, 1, 0, 0, -1, 2, 0, 1, 1]), 'fp_a')
    const matches = small.search([5, 0], { fingerprint: 'fp_a', topK: 99 })
    expect(matches.map((match) => match.index)).toEqual([1, 3, 4, 0, 2])
    expect(matches[0]!.score).toBeCloseTo(1, 6)
    expect(matches[2]!.score).toBeCloseTo(Math.SQRT1_2, 3)
    expect(matches[4]!.score).toBeCloseTo(0, 6)
    expect(small.search([1, 0], { fingerprint: 'fp_a', topK: 0 })).toEqual([])
  })

  it('gives 0 where the leading values of a row are all zero', () => {
    const small = new VectorIndex({ dimensions: 4, fingerprint: 'fp_a' })
    small.add([0, 0, 1, 1], 'fp_a')
    expect(small.search([1, 1], { fingerprint: 'fp_a' })).toEqual([{ index: 0, score: 0 }])
  })

  it('finds rows added after a search', () => {
    const growing = indexOf(rows.slice(0, 100))
    growing.search(queries[0]!, { fingerprint: 'fp_a' })
    const added = growing.add(queries[0]!, 'fp_a')
    expect(added).toBe(100)
    expect(growing.search(queries[0]!, { fingerprint: 'fp_a', topK: 1 })[0]).toMatchObject({ index: 100 })
  })

  it('does not overflow at 4,096 equal values', () => {
    const wide = new VectorIndex({ dimensions: 4096, fingerprint: 'fp_a' })
    wide.add(new Float32Array(4096).fill(0.1), 'fp_a')
    wide.add(new Float32Array(4096).fill(-0.1), 'fp_a')
    const [best, worst] = wide.search(new Float32Array(4096).fill(3), { fingerprint: 'fp_a' })
    expect(best!.score).toBeCloseTo(1, 6)
    expect(worst!.score).toBeCloseTo(-1, 6)
  })

  it('is empty when nothing was added', () => {
    expect(new VectorIndex(SPACE).search(queries[0]!, { fingerprint: 'fp_a' })).toEqual([])
  })
})

it('says what it runs on', () => {
  expect(new VectorIndex(SPACE).backend).toEqual({ name: 'wasm', reason: null })
})

describe('VectorIndex storage', () => {
  it('comes back from int8 equal, and takes one byte a dimension', () => {
    const index = indexOf(clustered(200, 384, 5, 3))
    const stored = index.toInt8()
    expect(stored.rows.byteLength).toBe(200 * 384)
    expect(stored.scales.byteLength).toBe(200 * 4)
    const back = VectorIndex.fromInt8(structuredClone(stored))
    const query = clustered(1, 384, 1, 4)[0]!
    expect(back.search(query, { fingerprint: 'fp_a' })).toEqual(index.search(query, { fingerprint: 'fp_a' }))
    expect(back.toInt8()).toEqual(stored)
    back.add(query, 'fp_a')
    expect(back.size).toBe(201)
    expect(stored.scales).toHaveLength(200)
  })

  it('keeps each vector to cosine 0.9999', () => {
    const rows = clustered(50, 384, 5, 8)
    const index = indexOf(rows)
    rows.forEach((row, i) => {
      expect(exact([Array.from(index.vector(i))], row, 384)[0]!.score).toBeGreaterThan(0.9999)
    })
  })

  it('adds all rows of a matrix or none', () => {
    const index = new VectorIndex({ dimensions: 2, fingerprint: 'fp_a' })
    expect(index.addAll(new Float32Array([1, 2, 3, 4]), 'fp_a')).toBe(0)
    expect(index.addAll(new Float32Array([1, 2]), 'fp_a')).toBe(2)
    expect(() => index.addAll(new Float32Array([1, 2, 0, 0]), 'fp_a')).toThrow(/row 1/)
    expect(() => index.addAll(new Float32Array([1, 2, 3]), 'fp_a')).toThrow(/matrix of 3 values/)
    expect(index.size).toBe(3)
  })
})

describe('VectorIndex refuses, with 400 invalid_value,', () => {
  const index = new VectorIndex({ dimensions: 2, fingerprint: 'fp_a' })
  index.add([1, 2], 'fp_a')
  const rows = new Int8Array([1, 2])
  const gone = VectorIndex.fromInt8({ ...index.toInt8(), rows })
  const scales = new Float32Array([1])
  const unscaled = VectorIndex.fromInt8({ ...index.toInt8(), scales })
  structuredClone([rows, scales], { transfer: [rows.buffer, scales.buffer] })
  const search = (query: number[], options: object) => index.search(query, { fingerprint: 'fp_a', ...options })

  it.each<[string, string, () => unknown]>([
    ['a vector of another space', 'fingerprint', () => index.add([1, 2], 'fp_b')],
    ['a query of another space', 'fingerprint', () => search([1, 2], { fingerprint: 'fp_b' })],
    ['a vector of another length', 'vector', () => index.add([1, 2, 3], 'fp_a')],
    ['a query that is too long', 'query', () => search([1, 2, 3], {})],
    ['a vector with NaN', 'matrix', () => index.add([1, NaN], 'fp_a')],
    ['a zero vector', 'matrix', () => index.add([0, 0], 'fp_a')],
    ['a query with infinity', 'query', () => search([1, Infinity], {})],
    ['a query of zeros', 'query', () => search([0, 0], {})],
    ['an empty query', 'dimensions', () => search([], {})],
    ['more dimensions than the query has', 'dimensions', () => search([1], { dimensions: 2 })],
    ['a negative topK', 'topK', () => search([1, 2], { topK: -1 })],
    ['no dimensions', 'dimensions', () => new VectorIndex({ dimensions: 0, fingerprint: 'fp_a' })],
    ['a row that is not there', 'index', () => index.vector(1)],
    [
      'stored rows that do not fit',
      'rows',
      () => VectorIndex.fromInt8({ ...SPACE, rows: new Int8Array(5), scales: new Float32Array(1) }),
    ],
    [
      'more dimensions than a search takes',
      'dimensions',
      () => new VectorIndex({ ...SPACE, dimensions: 16_385 }),
    ],
    [
      'stored rows that are no int8',
      'rows',
      () => VectorIndex.fromInt8({ ...SPACE, rows: new Uint8Array(384) as never, scales: new Float32Array(1) }),
    ],
    [
      'stored scales that are no float32',
      'scales',
      () => VectorIndex.fromInt8({ ...SPACE, rows: new Int8Array(384), scales: [1] as never }),
    ],
    ['to search rows whose buffer was transferred', 'rows', () => gone.search([1, 2], { fingerprint: 'fp_a' })],
    ['to store rows whose buffer was transferred', 'rows', () => gone.toInt8()],
    ['to read a row whose scale was transferred', 'rows', () => unscaled.vector(0)],
  ])('%s', (_what, param, act) => {
    expect(act).toThrow(EmbeddingsError)
    expect(act).toThrow(expect.objectContaining({ code: 'invalid_value', status: 400, param }))
  })

  it('the fingerprint of another width, but takes that of its own space cut to the length of the query', () => {
    const cut = new VectorIndex({ dimensions: 2, fingerprint: 'model@1:q8:mean:plain:2' })
    cut.add([1, 2], 'model@1:q8:mean:plain:2')
    expect(cut.search([1], { fingerprint: 'model@1:q8:mean:plain:1' })).toHaveLength(1)
    expect(cut.search([1, 2], { fingerprint: 'model@1:q8:mean:plain:2', dimensions: 1 })).toHaveLength(1)
    expect(() => cut.search([1], { fingerprint: 'model@1:q8:mean:plain:2' })).toThrow(/cannot be compared/)
    expect(() => cut.search([1], { fingerprint: 'model@2:q8:mean:plain:1' })).toThrow(/cannot be compared/)
    expect(() => cut.add([1, 2], 'model@1:q8:mean:plain:1')).toThrow(/cannot be compared/)
  })
})
