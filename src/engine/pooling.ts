/** Token vectors to one vector a text, by the texts' own lengths (batches are padded on the right). Pure. */

import type { Pooling } from '../models/recipe.ts'

/**
 * Pools hidden states `[rows, columns, width]`.
 * `mean` averages a text's tokens, special tokens included, and `cls` takes the first (sentence-transformers'
 * `Pooling` module); `last` takes the last token that is no padding (Qwen3-Embedding's `last_token_pool`).
 *
 * @returns rows × width, not normalised
 */
export function poolHiddenStates(
  hidden: Float32Array,
  lengths: Int32Array,
  columns: number,
  width: number,
  pooling: Pooling,
): Float32Array {
  const pooled = new Float32Array(lengths.length * width)
  for (let row = 0; row < lengths.length; row++) {
    const length = lengths[row]!
    const target = pooled.subarray(row * width, (row + 1) * width)
    const first = row * columns * width
    if (pooling === 'mean') {
      for (let token = 0; token < length; token++) {
        const source = first + token * width
        for (let k = 0; k < width; k++) target[k]! += hidden[source + k]!
      }
      for (let k = 0; k < width; k++) target[k]! /= length
    } else {
      const source = first + (pooling === 'cls' ? 0 : length - 1) * width
      target.set(hidden.subarray(source, source + width))
    }
  }
  return pooled
}
