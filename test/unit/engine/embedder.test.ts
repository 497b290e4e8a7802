import { describe, expect, test } from 'vitest'
import type { TokenBatch } from '../../../src/engine/batch.ts'
import { embedTexts, type EmbeddedBatch, type EmbedOptions } from '../../../src/engine/embedder.ts'
import type { WaitingText } from '../../../src/engine/waiting-texts.ts'
import { rejectedBy } from '../thrown-by.ts'

const WIDTH = 2

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

const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** The texts in portions of `size`, with a task between two of them. */
async function* inPortions(texts: readonly Int32Array[], size = texts.length): AsyncGenerator<WaitingText[]> {
  for (let start = 0; start < texts.length; start += size) {
    yield texts.slice(start, start + size).map((tokens, index) => ({ position: start + index, tokens }))
    await wait(0)
  }
}

interface Run {
  matrix: number[][]
  done: EmbeddedBatch[]
}

async function embed(
  texts: AsyncIterable<readonly WaitingText[]>,
  options: Partial<EmbedOptions> = {},
): Promise<Run> {
  const run: Run = { matrix: [], done: [] }
  const { dimensions = WIDTH } = options
  await embedTexts(texts, {
    width: WIDTH,
    dimensions,
    limits: { paddedTokens: 8, rows: 4 },
    lanes: 3,
    runBatch: (batch) => Promise.resolve(rowsOf(batch)),
    onRows: (batch) => {
      run.done.push(batch)
      batch.positions.forEach((position, row) => {
        run.matrix[position] = Array.from(batch.rows.subarray(row * dimensions, (row + 1) * dimensions))
      })
    },
    nameOf: (position) => `input[${String(position)}]`,
    ...options,
  })
  return run
}

describe('embedTexts', () => {
  test.each([20, 3, 1])('in portions of %i: every row has its place, whenever its batch ends', async (size) => {
    const texts = Array.from({ length: 20 }, (_, index) => text(index + 1, 1 + (index % 5)))
    let delay = 20
    const { matrix } = await embed(inPortions(texts, size), {
      runBatch: async (batch) => {
        await wait((delay -= 2))
        return rowsOf(batch)
      },
    })
    expect(matrix).toEqual(texts.map((tokens) => [tokens[0], tokens.length]))
  })

  test('tells of every batch what it held', async () => {
    const { done } = await embed(inPortions(Array.from({ length: 9 }, (_, index) => text(1, 1 + index))))
    expect(done.flatMap(({ positions }) => Array.from(positions)).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(done.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(45)
  })

  test('the first batches run before the last text is there', async () => {
    const events: string[] = []
    const texts = [text(1, 8), text(2, 8)]
    async function* slowly(): AsyncGenerator<WaitingText[]> {
      yield [{ position: 0, tokens: texts[0]! }]
      await wait(10)
      events.push('second text')
      yield [{ position: 1, tokens: texts[1]! }]
    }
    await embed(slowly(), {
      runBatch: (batch) => {
        events.push(`run ${String(batch.ids[0])}`)
        return Promise.resolve(rowsOf(batch))
      },
    })
    expect(events).toEqual(['run 1', 'second text', 'run 2'])
  })

  test('what has come by the time a batch is wanted is sorted together', async () => {
    const widths: number[] = []
    // Alternately long and short; two lanes take a batch of the first portion, and all others come meanwhile.
    const texts = Array.from({ length: 40 }, (_, index) => text(1, index % 2 === 0 ? 8 : 2))
    await embed(inPortions(texts, 4), {
      lanes: 2,
      runBatch: async (batch) => {
        widths.push(Math.max(...batch.lengths) * batch.lengths.length - batch.ids.length)
        await wait(30)
        return rowsOf(batch)
      },
    })
    // No batch pads a short text to the width of a long one.
    expect(widths.filter((padding) => padding > 0)).toEqual([])
  })

  test('no more batches are on their way than there are lanes', async () => {
    let running = 0
    let most = 0
    await embed(inPortions(Array.from({ length: 30 }, () => text(1, 8))), {
      lanes: 2,
      runBatch: async (batch) => {
        most = Math.max(most, ++running)
        await wait(1)
        running--
        return rowsOf(batch)
      },
    })
    expect(most).toBe(2)
  })

  test('after a failure no further batch is begun', async () => {
    let begun = 0
    const failing = embed(inPortions(Array.from({ length: 30 }, () => text(1, 8))), {
      lanes: 2,
      runBatch: async (batch) => {
        if (++begun === 3) throw new Error('third')
        await wait(1)
        return rowsOf(batch)
      },
    })
    await expect(failing).rejects.toThrow('third')
    await wait(20)
    expect(begun).toBeLessThanOrEqual(4)
  })

  test('after a failure no further text is asked for', async () => {
    let asked = 0
    async function* counted(): AsyncGenerator<WaitingText[]> {
      for await (const portion of inPortions(
        Array.from({ length: 30 }, () => text(1, 8)),
        1,
      )) {
        asked++
        yield portion
      }
    }
    await expect(embed(counted(), { runBatch: () => Promise.reject(new Error('first')) })).rejects.toThrow(
      'first',
    )
    await wait(50)
    expect(asked).toBeLessThanOrEqual(2)
  })

  test('a fault in a later text fails the whole, and begins no further batch', async () => {
    let begun = 0
    async function* failing(): AsyncGenerator<WaitingText[]> {
      yield Array.from({ length: 30 }, (_, position) => ({ position, tokens: text(1, 8) }))
      await wait(0)
      throw new Error('too long')
    }
    const failed = embed(failing(), {
      lanes: 2,
      runBatch: async (batch) => {
        begun++
        await wait(5)
        return rowsOf(batch)
      },
    })
    await expect(failed).rejects.toThrow('too long')
    await wait(30)
    expect(begun).toBeLessThanOrEqual(2)
  })

  test('cut rows have length 1 again', async () => {
    const { matrix } = await embed(inPortions([text(3, 4), text(5, 1)]), { dimensions: 1 })
    expect(matrix).toEqual([[1], [1]])
  })

  test('a row whose kept part has no direction is refused by the name of its input', async () => {
    const error = await rejectedBy(embed(inPortions([text(3, 4), text(0, 1)]), { dimensions: 1 }))
    expect(error).toMatchObject({ code: 'invalid_output', param: 'input[1]' })
    expect(error.message).toContain('first 1 dimensions')
  })

  test.each([
    ['NaN', Number.NaN],
    ['infinite', Infinity],
  ])('a row with a value that is %s is refused by the name of its input', async (_name, value) => {
    const texts = [text(1, 1), text(2, 5), text(3, 3)]
    const error = await rejectedBy(
      embed(inPortions(texts), {
        runBatch: (batch) => Promise.resolve(rowsOf(batch).map((number) => (number === 3 ? value : number))),
      }),
    )
    // The third text has id 3 and length 3.
    expect(error).toMatchObject({ code: 'invalid_output', status: 500, param: 'input[2]' })
  })

  test('too few rows are refused', async () => {
    const error = await rejectedBy(
      embed(inPortions([text(1, 1), text(2, 1)]), { runBatch: () => Promise.resolve(Float32Array.of(1, 2)) }),
    )
    expect(error.code).toBe('invalid_output')
    expect(error.message).toMatch(/2 numbers for 2 texts of 2 dimensions/)
  })
})
