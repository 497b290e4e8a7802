/** Texts to batches: padding costs time, so texts of like length run together under a budget of padded tokens. */

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

/** `input_ids` and `attention_mask` of a batch as int64, rows × columns, padded on the right. */
export interface PaddedBatch {
  rows: number
  columns: number
  inputIds: BigInt64Array<ArrayBuffer>
  attentionMask: BigInt64Array<ArrayBuffer>
}

/** Pads a batch to its longest text, on the right. */
export function padBatch(batch: TokenBatch, padTokenId: number): PaddedBatch {
  const rows = batch.lengths.length
  const columns = batch.lengths.reduce((longest, length) => Math.max(longest, length), 0)
  const inputIds = new BigInt64Array(rows * columns)
  const attentionMask = new BigInt64Array(rows * columns)
  // Ids are below 2^31, and every engine that runs WebAssembly is little-endian: writing the low halves as int32
  // spares one BigInt a token.
  const idHalves = new Int32Array(inputIds.buffer)
  const maskHalves = new Int32Array(attentionMask.buffer)
  let offset = 0
  for (let row = 0; row < rows; row++) {
    const length = batch.lengths[row]!
    for (let column = 0; column < columns; column++) {
      const half = (row * columns + column) * 2
      idHalves[half] = column < length ? batch.ids[offset + column]! : padTokenId
      maskHalves[half] = column < length ? 1 : 0
    }
    offset += length
  }
  return { rows, columns, inputIds, attentionMask }
}
