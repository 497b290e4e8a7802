import { describe, expect, it } from 'vitest'
import { TopK, type Ranking } from '../../../src/vectors/top-k.ts'

/** The oracle: a stable sort of everything. */
function sortAll(scores: readonly number[], k: number): { indices: number[]; scores: number[] } {
  const ranked = scores
    .map((score, index) => ({ score, index }))
    .filter(({ score }) => !Number.isNaN(score))
    .toSorted((a, b) => (a.score < b.score ? 1 : a.score > b.score ? -1 : a.index - b.index))
    .slice(0, k)
  return { indices: ranked.map(({ index }) => index), scores: ranked.map(({ score }) => score) }
}

/** All scores, `part` at a time. */
function topK(scores: ArrayLike<number>, k: number, part = scores.length): Ranking {
  const best = new TopK(k, scores.length)
  for (let first = 0; first < scores.length; first += part) {
    best.offer(Array.from(scores).slice(first), Math.min(part, scores.length - first), first)
  }
  return best.finish()
}

function plain({ indices, scores }: Ranking): { indices: number[]; scores: number[] } {
  return { indices: [...indices], scores: [...scores] }
}

/** Linear congruential generator of Numerical Recipes, in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

describe('TopK', () => {
  it('returns the best first, with their places', () => {
    expect(plain(topK(Float32Array.of(0.25, 0.75, -1, 0.5), 2))).toEqual({
      indices: [1, 3],
      scores: [0.75, 0.5],
    })
  })

  it('keeps and orders ties by the lower index', () => {
    expect(plain(topK([1, 2, 2, 1, 2, 1], 4))).toEqual({ indices: [1, 2, 4, 0], scores: [2, 2, 2, 1] })
    expect(plain(topK([7, 7, 7, 7], 2))).toEqual({ indices: [0, 1], scores: [7, 7] })
  })

  it('agrees with a full stable sort', () => {
    const random = randomFrom(42)
    for (let round = 0; round < 300; round++) {
      const length = Math.floor(random() * 60)
      // Few distinct values, so that most rounds have ties; some NaN and infinities.
      const scores = Array.from({ length }, () => {
        const draw = Math.floor(random() * 14)
        return draw === 0 ? NaN : draw === 1 ? Infinity : draw === 2 ? -Infinity : draw / 4
      })
      const k = Math.floor(random() * 70)
      const part = 1 + Math.floor(random() * 20)
      expect(plain(topK(scores, k, part)), `k ${k} of [${scores.join()}], ${part} at a time`).toEqual(
        sortAll(scores, k),
      )
    }
  })

  it('agrees with a full sort of 10,000 distinct float32 scores', () => {
    const random = randomFrom(7)
    const scores = Float32Array.from({ length: 10_000 }, () => random() * 2 - 1)
    expect(plain(topK(scores, 100))).toEqual(sortAll([...scores], 100))
  })

  it('returns all there are when k is larger, and arrays of that length', () => {
    const { indices, scores } = topK([1, 3, 2], 10)
    expect([...indices]).toEqual([1, 2, 0])
    expect(scores.length).toBe(3)
  })

  it('passes over NaN', () => {
    expect(plain(topK([NaN, 1, NaN, 2], 3))).toEqual({ indices: [3, 1], scores: [2, 1] })
    expect(plain(topK([NaN], 1))).toEqual({ indices: [], scores: [] })
  })

  it('returns nothing for k = 0 or no scores', () => {
    expect(plain(topK([1, 2], 0))).toEqual({ indices: [], scores: [] })
    expect(plain(topK([], 5))).toEqual({ indices: [], scores: [] })
  })

  it.each([-1, 1.5, NaN, Infinity])('refuses k = %d', (k) => {
    expect(() => topK([1], k)).toThrow(new RangeError(`k must be an integer of at least 0, got ${k}`))
  })
})
