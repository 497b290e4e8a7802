/** Token ids to rows: plans batches from what is tokenized by then, runs them anywhere, tells whose every row is. */

import { EmbeddingsError } from '../openai/errors.ts'
import { findUnusableRow } from '../vectors/normalize.ts'
import { truncateRows } from '../vectors/truncate.ts'
import type { BatchLimits, PlannedBatch, TokenBatch } from './batch.ts'
import { WaitingTexts, type WaitingText } from './waiting-texts.ts'

export interface EmbedOptions {
  /** Native width of a vector. */
  width: number
  /** Values to keep of each vector, at most `width`. */
  dimensions: number
  limits: BatchLimits
  /**
   * Batches on their way at once. One more than there are workers keeps them all busy, and lets the requests of others
   * in between.
   */
  lanes: number
  /** Runs one batch: rows × `width`, L2-normalised. */
  runBatch: (batch: TokenBatch) => Promise<Float32Array>
  /** Called with every row once, a batch at a time: rows × `dimensions`, L2-normalised. */
  onRows: (done: EmbeddedBatch) => void
  /** Name of an input in errors. */
  nameOf: (position: number) => string
}

/** What came of one batch. */
export interface EmbeddedBatch {
  /** `positions[row]`: the position of that row's text. */
  positions: Int32Array
  rows: Float32Array
  tokens: number
}

/**
 * Embeds texts while others of them are still being tokenized. What has come by the time a batch is wanted is sorted into
 * batches together, so a request of some hundred texts is sorted as a whole.
 *
 * @param texts in portions, as they are tokenized
 * @throws EmbeddingsError `invalid_output` when a row is not finite or is zero; what `texts` and `runBatch` throw; no
 *   further batch is begun then, and no further text asked for
 */
export function embedTexts(texts: AsyncIterable<readonly WaitingText[]>, options: EmbedOptions): Promise<void> {
  const waiting = new WaitingTexts(options.limits)
  return new Promise<void>((resolve, reject) => {
    const fail = (error: unknown): void => {
      waiting.drop()
      reject(error)
    }
    let running = 0
    let fed = false
    const run = async ({ positions, tokens }: PlannedBatch): Promise<void> => {
      const rows = checkRows(await options.runBatch(tokens), positions, options)
      options.onRows({ positions, rows, tokens: tokens.ids.length })
      running--
      fillLanes()
    }
    const fillLanes = (): void => {
      while (running < options.lanes) {
        const batch = waiting.take()
        if (batch === null) break
        running++
        run(batch).catch(fail)
      }
      if (fed && running === 0) resolve()
    }
    const feed = async (): Promise<void> => {
      for await (const portion of texts) {
        if (waiting.dropped) return
        waiting.add(portion)
        fillLanes()
      }
      fed = true
      fillLanes()
    }
    feed().catch(fail)
  })
}

/** The rows of a batch, cut to the dimensions that are wanted. */
function checkRows(
  rows: Float32Array,
  positions: Int32Array,
  { width, dimensions, nameOf }: EmbedOptions,
): Float32Array {
  if (rows.length !== positions.length * width) {
    throw new EmbeddingsError(
      'invalid_output',
      `The model returned ${String(rows.length)} numbers for ${String(positions.length)} texts of ${String(width)} dimensions.`,
    )
  }
  const check = (matrix: Float32Array, columns: number, fault: (param: string) => string): Float32Array => {
    const bad = findUnusableRow(matrix, columns)
    if (bad < 0) return matrix
    const param = nameOf(positions[bad] ?? 0)
    throw new EmbeddingsError('invalid_output', fault(param), { param })
  }
  check(rows, width, (param) => `The model's vector for ${param} is zero or not finite.`)
  if (dimensions === width) return rows
  // The part that is kept may have no direction though the whole vector has one.
  return check(
    truncateRows(rows, width, dimensions),
    dimensions,
    (param) => `The first ${String(dimensions)} dimensions of the vector for ${param} are all zero.`,
  )
}
