import { describe, expect, test } from 'vitest'
import type { TokenBatch } from '../../../src/engine/batch.ts'
import { embedTokens } from '../../../src/engine/embedder.ts'
import { rejectedBy } from '../thrown-by.ts'

const WIDTH = 2
const LIMITS = { paddedTokens: 8, rows: 4 }

/** A text whose vector can be told from its tokens: `[id, length]`. */
const text = (id: number, length: number): Int32Array => new Int32Array(length).fill(id)

function rowsOf(batch: TokenBatch): Float32Array {
  let offset = 0
  return Float32Array.from(
    Array.from(batch.lengths).flatMap((length) => {
      const id = batch.ids[offset]!
      offset += length
      return [id, length]
    }),
  )
}

describe('embedTokens', () => {
  test('puts every row back in its place, also when batches end out of order', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => text(index + 1, 1 + (index % 5)))
    let delay = 20
    const matrix = await embedTokens(texts, {
      width: WIDTH,
      limits: LIMITS,
      runBatch: async (batch) => {
        await new Promise((resolve) => setTimeout(resolve, (delay -= 2)))
        return rowsOf(batch)
      },
    })
    expect(Array.from(matrix)).toEqual(texts.flatMap((tokens) => [tokens[0], tokens.length]))
  })

  test('tells of every batch what it held', async () => {
    const texts = Array.from({ length: 9 }, (_, index) => text(1, 1 + index))
    let inputs = 0
    let tokens = 0
    await embedTokens(texts, {
      width: WIDTH,
      limits: LIMITS,
      runBatch: (batch) => Promise.resolve(rowsOf(batch)),
      onBatch: (done) => {
        inputs += done.inputs
        tokens += done.tokens
      },
    })
    expect([inputs, tokens]).toEqual([9, 45])
  })

  test.each([
    ['NaN', Number.NaN],
    ['infinite', Infinity],
  ])('a row with a value that is %s is refused by the name of its input', async (_name, value) => {
    const texts = [text(1, 1), text(2, 5), text(3, 3)]
    const error = await rejectedBy(
      embedTokens(texts, {
        width: WIDTH,
        limits: LIMITS,
        runBatch: (batch) => Promise.resolve(rowsOf(batch).map((number) => (number === 3 ? value : number))),
      }),
    )
    // The third text has id 3 and length 3.
    expect(error).toMatchObject({ code: 'invalid_output', status: 500, param: 'input[2]' })
  })

  test('too few rows are refused', async () => {
    const error = await rejectedBy(
      embedTokens([text(1, 1), text(2, 1)], {
        width: WIDTH,
        limits: LIMITS,
        runBatch: () => Promise.resolve(Float32Array.of(1, 2)),
      }),
    )
    expect(error.code).toBe('invalid_output')
    expect(error.message).toMatch(/2 numbers for 2 texts of 2 dimensions/)
  })
})
