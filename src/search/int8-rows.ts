/** Vectors as int8 rows, and the search among them. */

import { EmbeddingsError } from '../openai/errors.ts'
import { TopK, type Ranking } from '../vectors/top-k.ts'
import { toIntegerQuery } from './integer-query.ts'
import { rowsAtOnce, type RowScan } from './row-scan.ts'

/** Vectors of one space as they are stored: `value ≈ rows[i] × scales[row]`. */
export interface Int8Matrix {
  /** count × dimensions, row-major, −127 to 127. */
  rows: Int8Array
  /** One per row. */
  scales: Float32Array
}

/** Some rows one after another, in a buffer of their own. */
interface Block {
  /** Index of the first row. */
  first: number
  count: number
  capacity: number
  rows: Int8Array
  /** null while every vector has length 1: its scale is then what gives its row length 1. */
  scales: Float32Array | null
}

/** Bytes of a block that rows added one by one fill; larger ones are made for exactly what is added at once. */
const BLOCK_BYTES = 2 ** 18

/** How far from 1 a length may be to be taken for it; rounding a vector to int8 changes its length as much. */
const LENGTH_TOLERANCE = 1e-4

/**
 * A growing matrix of int8 rows. Takes `dimensions` bytes a row, and 4 more where vectors are not of length 1. What
 * was added stays where it is: growing needs no second copy, and leaves room for 256 kB of rows at most.
 */
export class Int8Rows {
  readonly dimensions: number
  readonly #blocks: Block[] = []
  #count = 0

  /** Takes the arrays of `stored` as its own, without a copy. */
  constructor(dimensions: number, stored?: Int8Matrix) {
    this.dimensions = dimensions
    if (stored === undefined || stored.scales.length === 0) return
    const { rows, scales } = stored
    this.#count = scales.length
    this.#blocks.push({ first: 0, count: this.#count, capacity: this.#count, rows, scales })
  }

  /** Number of rows. */
  get count(): number {
    return this.#count
  }

  /**
   * Quantises vectors and appends them: symmetric, the largest absolute value of each becomes 127.
   *
   * @param matrix rows × dimensions, row-major; finite, and no row of zeros
   */
  append(matrix: Float32Array): void {
    const { dimensions } = this
    const count = matrix.length / dimensions
    const last = this.#blocks.at(-1)
    const room = last === undefined ? 0 : Math.min(last.capacity - last.count, count)
    const added = count > room ? this.#createBlock(this.#count + room, count - room) : undefined
    for (let row = 0; row < count; row++) {
      const vector = matrix.subarray(row * dimensions, (row + 1) * dimensions)
      if (row < room) writeRow(last!, last!.count + row, vector)
      else writeRow(added!, row - room, vector)
    }
    // Last of all: where memory was short, nothing was added.
    if (last !== undefined) last.count += room
    if (added !== undefined) this.#blocks.push({ ...added, count: count - room })
    this.#count += count
  }

  /** One row as float32, as far as int8 kept it. */
  row(index: number): Float32Array<ArrayBuffer> {
    const block = this.#blocks.findLast(({ first }) => first <= index)!
    const scale = this.#scaleOf(block, index - block.first)
    return Float32Array.from(this.#rowsOf(block, index - block.first, 1), (value) => value * scale)
  }

  /** Copies of what is stored. */
  toMatrix(): Int8Matrix {
    const rows = new Int8Array(this.#count * this.dimensions)
    const scales = new Float32Array(this.#count)
    for (const block of this.#blocks) {
      const { first, count } = block
      rows.set(this.#rowsOf(block, 0, count), first * this.dimensions)
      for (let row = 0; row < count; row++) scales[first + row] = this.#scaleOf(block, row)
    }
    return { rows, scales }
  }

  /**
   * The rows of highest cosine with the query, best first; of equal ones the lower index first. The leading values of
   * every row are compared, renormalised; a row in which they are all zero scores 0. A row's scale cancels out of a
   * cosine, so only int8 values are read.
   *
   * @param query any finite vector, not all zero; its length, 1 to `dimensions`, says how many values count
   * @param accept rows for which it says false are passed over; asked once for every row, in order
   * @throws {EmbeddingsError} 400 `invalid_value` when the stored rows are gone
   */
  search(
    query: Float32Array,
    k: number,
    scan: RowScan,
    accept: ((index: number) => boolean) | undefined,
  ): Ranking {
    const integers = toIntegerQuery(query)
    const total = this.#count
    const best = new TopK(k, total)
    const step = rowsAtOnce(this.dimensions)
    for (const block of this.#blocks) {
      const { first } = block
      // Not what the filter adds meanwhile.
      const count = Math.min(block.count, total - first)
      for (let start = 0; start < count; start += step) {
        const size = Math.min(step, count - start)
        // Before the scan: what the filter calls may search as well, and the scores are the scan's own.
        const accepted = accept && Array.from({ length: size }, (_, row) => accept(first + start + row))
        if (accepted?.some(Boolean) === false) continue
        const scores = scan.scan(integers, this.#rowsOf(block, start, size), this.dimensions)
        accepted?.forEach((isAccepted, row) => {
          if (!isAccepted) scores[row] = NaN
        })
        best.offer(scores, size, first + start)
      }
    }
    return best.finish()
  }

  #rowsOf({ rows, scales, capacity }: Block, start: number, count: number): Int8Array {
    const { dimensions } = this
    if (rows.length !== capacity * dimensions || (scales !== null && scales.length !== capacity)) {
      const message = 'what the index was made from is gone: its buffer was transferred or made smaller'
      throw new EmbeddingsError('invalid_value', message, { param: 'rows' })
    }
    return rows.subarray(start * dimensions, (start + count) * dimensions)
  }

  #scaleOf(block: Block, row: number): number {
    const values = this.#rowsOf(block, row, 1)
    return block.scales === null ? unitScale(values) : block.scales[row]!
  }

  /** Has room for `count` rows; where rows come one by one, the room doubles, up to a block's size. */
  #createBlock(first: number, count: number): Block {
    const most = Math.floor(BLOCK_BYTES / this.dimensions)
    const capacity = Math.max(count, Math.min(Math.max(first, 8), most))
    return { first, count: 0, capacity, rows: new Int8Array(capacity * this.dimensions), scales: null }
  }
}

function writeRow(block: Block, row: number, vector: Float32Array): void {
  let largest = 0
  let squares = 0
  for (let i = 0; i < vector.length; i++) {
    const value = vector[i]!
    largest = Math.max(largest, Math.abs(value))
    squares += value * value
  }
  const values = rowOf(block, row, vector.length)
  for (let i = 0; i < values.length; i++) values[i] = Math.round((vector[i]! / largest) * 127)
  const isUnit = Math.abs(Math.sqrt(squares) - 1) <= LENGTH_TOLERANCE
  if (isUnit && block.scales === null) return
  block.scales ??= Float32Array.from({ length: block.capacity }, (_, other) =>
    other < row ? unitScale(rowOf(block, other, vector.length)) : 0,
  )
  block.scales[row] = isUnit ? unitScale(values) : largest / 127
}

function rowOf({ rows }: Block, row: number, width: number): Int8Array {
  return rows.subarray(row * width, (row + 1) * width)
}

/** The scale that gives a row length 1. */
function unitScale(values: Int8Array): number {
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += values[i]! * values[i]!
  return Math.fround(1 / Math.sqrt(squares))
}
