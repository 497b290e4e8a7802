/** What every session promises, whatever runs underneath: one suite, called by the tests of each kind. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EmbeddingSession } from '../../src/engine/embedding-session.ts'
import { cosine } from '../../src/vectors/similarity.ts'
import { referenceRows, type ReferenceRow } from './reference.ts'

const WIDTH = 384

/** Cosines to float32 vectors, and of a text alone to the same text in company, that a kind must reach. */
export interface Exactness {
  mean: number
  minimum: number
  inCompany: number
}

/**
 * Runs the suite.
 *
 * @param create a session of all-MiniLM-L6-v2
 */
export function testSessionContract(
  name: string,
  create: () => Promise<EmbeddingSession>,
  exact: Exactness,
): void {
  describe(`${name}: the session contract`, () => {
    let session: EmbeddingSession
    let rows: ReferenceRow[]
    let alone: Float32Array[]

    const run = (texts: readonly (readonly number[])[]): Promise<Float32Array> =>
      session.run({
        ids: Int32Array.from(texts.flat()),
        lengths: Int32Array.from(texts, (tokens) => tokens.length),
      })

    beforeAll(async () => {
      session = await create()
      rows = await referenceRows('all-MiniLM-L6-v2.fp32')
      alone = []
      for (const { tokens } of rows) alone.push(await run([tokens]))
    })

    afterAll(() => session.dispose())

    test('a CPU session has no adapter', () => {
      expect(session.adapter).toBeNull()
    })

    test('vectors have the width and length 1', () => {
      for (const vector of alone) {
        expect(vector).toHaveLength(WIDTH)
        expect(Math.abs(Math.hypot(...vector) - 1)).toBeLessThan(1e-5)
      }
    })

    test('vectors agree with the unquantised model', () => {
      const cosines = alone.map((vector, index) => cosine(vector, rows[index]!.embedding))
      const mean = cosines.reduce((sum, value) => sum + value, 0) / cosines.length
      console.log(`${name}: cosine to fp32, mean ${mean}, minimum ${Math.min(...cosines)}`)
      expect(mean).toBeGreaterThan(exact.mean)
      expect(Math.min(...cosines)).toBeGreaterThan(exact.minimum)
    })

    test('a batch gives its rows in order, each as the text gives alone', async () => {
      const order = rows.map((_, index) => index).toSorted((a, b) => ((a * 17) % 40) - ((b * 17) % 40))
      const batch = await run(order.map((index) => rows[index]!.tokens))
      expect(batch).toHaveLength(rows.length * WIDTH)
      const company = order.map((index, row) =>
        cosine(batch.slice(row * WIDTH, (row + 1) * WIDTH), alone[index]!),
      )
      expect(Math.min(...company)).toBeGreaterThanOrEqual(exact.inCompany)
    })

    test('a result is the caller’s own: the next run does not change it', async () => {
      const first = await run([rows[0]!.tokens])
      await run([rows[1]!.tokens])
      expect(first).toEqual(alone[0])
      expect(first.buffer.byteLength).toBe(WIDTH * 4)
    })

    test('a token that the model does not have is refused, and the session goes on', async () => {
      await expect(run([[101, 30_522, 102]])).rejects.toMatchObject({ code: 'inference_failed' })
      expect(await run([rows[2]!.tokens])).toEqual(alone[2])
    })
  })
}
