import { describe, expect, test } from 'vitest'
import { padBatch, planBatches } from '../../../src/engine/batch.ts'

/** A text of `length` tokens, all of them `id`. */
const text = (length: number, id: number): Int32Array => new Int32Array(length).fill(id)

/** Lengths as real inputs have them: many short, few long; the same at every run. */
function mixedTexts(count: number): Int32Array[] {
  let state = 42
  return Array.from({ length: count }, (_, index) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return text(1 + Math.floor((state / 2 ** 31) ** 3 * 255), index)
  })
}

const LIMITS = { paddedTokens: 512, rows: 64 }

describe('planBatches', () => {
  test.each([1, 2, 7, 100, 2048])('%i texts: every one exactly once, with its own tokens', (count) => {
    const texts = mixedTexts(count)
    const seen: number[] = []
    for (const { tokens, positions } of planBatches(texts, LIMITS)) {
      let offset = 0
      positions.forEach((position, row) => {
        const length = tokens.lengths[row]!
        expect(tokens.ids.slice(offset, offset + length)).toEqual(texts[position])
        offset += length
        seen.push(position)
      })
      expect(offset).toBe(tokens.ids.length)
    }
    expect(seen.sort((a, b) => a - b)).toEqual(texts.map((_, index) => index))
  })

  test('no batch is over the budget of padded tokens or rows', () => {
    for (const { tokens } of planBatches(mixedTexts(1000), LIMITS)) {
      const rows = tokens.lengths.length
      expect(rows * Math.max(...tokens.lengths)).toBeLessThanOrEqual(LIMITS.paddedTokens)
      expect(rows).toBeLessThanOrEqual(LIMITS.rows)
    }
  })

  test('rows are limited where the budget of tokens would allow more', () => {
    const batches = planBatches(
      Array.from({ length: 130 }, () => text(1, 5)),
      LIMITS,
    )
    expect(batches.map(({ positions }) => positions.length)).toEqual([64, 64, 2])
  })

  test('a text over the whole budget runs alone', () => {
    const batches = planBatches([text(3, 1), text(600, 2), text(3, 3)], LIMITS)
    expect(batches.map(({ positions }) => Array.from(positions))).toEqual([[1], [0, 2]])
  })

  test('longest first; texts of one length keep their order', () => {
    const batches = planBatches([text(2, 0), text(9, 1), text(2, 2), text(9, 3), text(2, 4)], LIMITS)
    expect(batches.flatMap(({ positions }) => Array.from(positions))).toEqual([1, 3, 0, 2, 4])
  })

  test('no texts, no batches', () => {
    expect(planBatches([], LIMITS)).toEqual([])
  })
})

describe('padBatch', () => {
  const batch = { ids: Int32Array.of(7, 8, 9, 4), lengths: Int32Array.of(3, 1) }

  test('pads on the right to the longest text, with the model’s own padding id and a mask of zeros', () => {
    expect(padBatch(batch, 99, 'right')).toEqual({
      rows: 2,
      columns: 3,
      inputIds: Int32Array.of(7, 8, 9, 4, 99, 99),
      attentionMask: Int32Array.of(1, 1, 1, 1, 0, 0),
      positionIds: Int32Array.of(0, 1, 2, 0, 0, 0),
    })
  })

  test('pads on the left, where positions still begin with the text', () => {
    expect(padBatch(batch, 99, 'left')).toEqual({
      rows: 2,
      columns: 3,
      inputIds: Int32Array.of(7, 8, 9, 99, 99, 4),
      attentionMask: Int32Array.of(1, 1, 1, 0, 0, 1),
      positionIds: Int32Array.of(0, 1, 2, 0, 0, 0),
    })
  })
})
