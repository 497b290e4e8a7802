import { describe, expect, test } from 'vitest'
import type { TokenBatch } from '../../../src/engine/batch.ts'
import { gpuKnownAnswerCosine } from '../../../src/worker/gpu-known-answer.ts'
import { leastCosine, requireCosine } from '../../../src/worker/known-answer.ts'

describe('leastCosine', () => {
  test.each([
    ['fp32', 'fp32', 0.99],
    ['fp16', 'fp32', 0.99],
    ['q8', 'fp32', 0.99],
    ['int8', 'fp32', 0.99],
    ['q4', 'fp32', 0.93],
    ['q4f16', 'fp32', 0.93],
    ['bnb4', 'fp32', 0.93],
    ['q2', 'fp32', 0.79],
    ['fp32', 'q8', 0.97],
    ['fp16', 'q8', 0.97],
    ['q4f16', 'q8', 0.91],
    ['fp32', 'q4', 0.91],
  ])('%s against an answer in %s', (dtype, answer, least) => {
    expect(leastCosine(dtype, answer)).toBeCloseTo(least, 12)
  })
})

test('requireCosine', () => {
  expect(requireCosine(0.995, 0.99)).toBe(0.995)
  expect(() => requireCosine(0.4119, 0.99)).toThrow('known-answer cosine 0.412')
  expect(() => requireCosine(null, 0.99)).toThrow('the first vector is zero or not finite')
  expect(() => requireCosine(NaN, 0.99)).toThrow('known-answer cosine NaN')
})

describe('the known answer on a GPU', () => {
  const WIDTH = 16
  const known = { tokens: Int32Array.of(2, 4, 9, 3), embedding: vectorOf([2, 4, 9, 3]), dtype: 'fp32' }

  /** How often each token stands in a text, L2-normalised. */
  function vectorOf(tokens: readonly number[]): Float32Array {
    const counts = new Float32Array(WIDTH)
    for (const token of tokens) counts[token]!++
    const norm = Math.hypot(...counts)
    return counts.map((count) => count / norm)
  }

  /** A GPU that gives such vectors. @param padToken token by which it fills up and which it counts; null: it keeps to the mask */
  const gpu = (padToken: number | null, spoil = (rows: Float32Array): Float32Array => rows) => {
    const batches: number[][] = []
    const run = ({ ids, lengths }: TokenBatch): Promise<Float32Array> => {
      batches.push([...lengths])
      const longest = Math.max(...lengths)
      const rows = new Float32Array(lengths.length * WIDTH)
      let at = 0
      lengths.forEach((length, row) => {
        const text = [...ids.subarray(at, (at += length))]
        const filling = Array.from({ length: padToken === null ? 0 : longest - length }, () => padToken ?? 0)
        rows.set(vectorOf([...text, ...filling]), row * WIDTH)
      })
      return Promise.resolve(spoil(rows))
    }
    return { run, batches }
  }

  test('is run alone, then filled up beside a longer text', async () => {
    const right = gpu(null)
    expect(await gpuKnownAnswerCosine(right, known, 512)).toBeCloseTo(1, 6)
    expect(right.batches).toEqual([[4], [4, 6]])
  })

  test('a mask that is not kept to fails it, though alone the vector is right', async () => {
    // Four tokens of text, each in its place, and two of filling: (1, 1, 1, 1, 2) against (1, 1, 1, 1, 0).
    expect(await gpuKnownAnswerCosine(gpu(0), known, 512)).toBeCloseTo(4 / (2 * Math.hypot(1, 1, 1, 1, 2)), 6)
  })

  test('at the model’s limit there is nothing longer', async () => {
    const short = gpu(0)
    expect(await gpuKnownAnswerCosine(short, known, 4)).toBeCloseTo(1, 6)
    expect(short.batches).toEqual([[4]])
    const close = gpu(null)
    expect(await gpuKnownAnswerCosine(close, known, 5)).toBeCloseTo(1, 6)
    expect(close.batches).toEqual([[4], [4, 5]])
  })

  test.each([
    ['zero', (rows: Float32Array) => rows.fill(0)],
    ['not finite', (rows: Float32Array) => rows.fill(Number.NaN, 3, 4)],
    ['of another width', (rows: Float32Array) => rows.subarray(1)],
  ])('a row of the second batch that is %s', async (_name, spoil) => {
    const session = gpu(null, (rows) => (rows.length > WIDTH ? spoil(rows) : rows))
    expect(await gpuKnownAnswerCosine(session, known, 512)).toBeNull()
  })
})
