import { describe, expect, test } from 'vitest'
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
