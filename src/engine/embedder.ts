/** Token ids to the rows of a response: plan batches, run them anywhere, put every row back in its place. */

import { EmbeddingsError } from '../openai/errors.ts'
import { findUnusableRow } from '../vectors/normalize.ts'
import { planBatches, type BatchLimits, type TokenBatch } from './batch.ts'

export interface EmbedOptions {
  /** Native width of a vector. */
  width: number
  limits: BatchLimits
  /** Runs one batch; called for all batches at once, so the callee queues. */
  runBatch: (batch: TokenBatch) => Promise<Float32Array>
  /** Called after each batch with what it held. */
  onBatch?: (done: { inputs: number; tokens: number }) => void
}

/**
 * Embeds tokenized texts.
 *
 * @param texts token ids of each text, special tokens included
 * @returns texts × width in the texts' order, L2-normalised
 * @throws EmbeddingsError `invalid_output` when a row is not finite or is zero; what `runBatch` throws
 */
export async function embedTokens(texts: readonly Int32Array[], options: EmbedOptions): Promise<Float32Array> {
  const { width, limits, runBatch, onBatch } = options
  const matrix = new Float32Array(texts.length * width)
  await Promise.all(
    planBatches(texts, limits).map(async ({ tokens, positions }) => {
      const rows = await runBatch(tokens)
      checkRows(rows, positions, width)
      positions.forEach((position, row) => {
        matrix.set(rows.subarray(row * width, (row + 1) * width), position * width)
      })
      onBatch?.({ inputs: positions.length, tokens: tokens.ids.length })
    }),
  )
  return matrix
}

function checkRows(rows: Float32Array, positions: Int32Array, width: number): void {
  if (rows.length !== positions.length * width) {
    throw new EmbeddingsError(
      'invalid_output',
      `The model returned ${String(rows.length)} numbers for ${String(positions.length)} texts of ${String(width)} dimensions.`,
    )
  }
  const bad = findUnusableRow(rows, width)
  if (bad >= 0) {
    const param = `input[${String(positions[bad])}]`
    throw new EmbeddingsError('invalid_output', `The model's vector for ${param} is zero or not finite.`, {
      param,
    })
  }
}
