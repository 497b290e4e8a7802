/** Texts to batches: padding costs time, so texts of like length run together under a budget of padded tokens. */

import type { PaddingSide } from '../models/recipe.ts'

/** Token ids of several texts, one after the other, without padding. */
export interface TokenBatch {
  ids: Int32Array
  /** Tokens of each text; their sum is `ids.length`. */
  lengths: Int32Array
}

/** A batch to run: the token ids, and where each of its texts stood in the request. */
export interface PlannedBatch {
  tokens: TokenBatch
  /** `positions[row]`: index of that row's text in the request. */
  positions: Int32Array
}

export interface BatchLimits {
  /** Most tokens of a batch, padding included; one longer text makes a batch of its own. */
  paddedTokens: number
  /** Most texts of a batch. */
  rows: number
}

/**
 * Groups texts into batches of like length, longest texts first, so that several inference workers end at about
 * the same time.
 *
 * @param texts token ids of each text, special tokens included
 */
export function planBatches(texts: readonly Int32Array[], limits: BatchLimits): PlannedBatch[] {
  const order = texts.map((_, index) => index)
  order.sort((a, b) => texts[b]!.length - texts[a]!.length || a - b)
  const batches: PlannedBatch[] = []
  let start = 0
  while (start < order.length) {
    // The first text of a descending order is the longest of its batch: it sets the padded width.
    const width = texts[order[start]!]!.length
    const rows = Math.max(1, Math.min(limits.rows, Math.floor(limits.paddedTokens / width)))
    const members = order.slice(start, start + rows)
    batches.push(packBatch(texts, members))
    start += rows
  }
  return batches
}

function packBatch(texts: readonly Int32Array[], members: readonly number[]): PlannedBatch {
  const lengths = Int32Array.from(members, (index) => texts[index]!.length)
  const ids = new Int32Array(lengths.reduce((sum, length) => sum + length, 0))
  let offset = 0
  for (const index of members) {
    ids.set(texts[index]!, offset)
    offset += texts[index]!.length
  }
  return { tokens: { ids, lengths }, positions: Int32Array.from(members) }
}

/** A batch as a graph takes it: rows × columns integers, each row one text and its padding. */
export interface PaddedBatch {
  rows: number
  columns: number
  inputIds: Int32Array<ArrayBuffer>
  /** 1 for a token, 0 for padding. */
  attentionMask: Int32Array<ArrayBuffer>
  /** Counted from a text's own first token; 0 for padding. */
  positionIds: Int32Array<ArrayBuffer>
}

/** Pads a batch to its longest text. */
export function padBatch(batch: TokenBatch, padTokenId: number, side: PaddingSide): PaddedBatch {
  const rows = batch.lengths.length
  const columns = batch.lengths.reduce((longest, length) => Math.max(longest, length), 0)
  const inputIds = new Int32Array(rows * columns).fill(padTokenId)
  const attentionMask = new Int32Array(rows * columns)
  const positionIds = new Int32Array(rows * columns)
  let offset = 0
  for (let row = 0; row < rows; row++) {
    const length = batch.lengths[row]!
    const first = row * columns + (side === 'left' ? columns - length : 0)
    inputIds.set(batch.ids.subarray(offset, offset + length), first)
    attentionMask.fill(1, first, first + length)
    for (let position = 0; position < length; position++) positionIds[first + position] = position
    offset += length
  }
  return { rows, columns, inputIds, attentionMask, positionIds }
}
