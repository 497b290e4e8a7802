/** Vectors as int8 rows with one scale each, and their cosine with a query. */

/** Vectors of one space as they are stored: `value ≈ rows[i] × scales[row]`. */
export interface Int8Matrix {
  /** count × dimensions, row-major, −127 to 127. */
  rows: Int8Array
  /** One per row: largest absolute value of the row, divided by 127. */
  scales: Float32Array
}

/** A growing matrix of int8 rows. Takes `dimensions + 8` bytes a row, and at most twice that while it grows. */
export class Int8Rows {
  readonly dimensions: number
  #count: number
  #rows: Int8Array
  #scales: Float32Array
  /** 1 / norm of each row's leading `#normWidth` values, for the first `#normCount` rows. */
  #inverseNorms = new Float32Array(0)
  #normWidth = 0
  #normCount = 0

  /** Takes the arrays of `stored` as its own, without a copy. */
  constructor(
    dimensions: number,
    stored: Int8Matrix = { rows: new Int8Array(0), scales: new Float32Array(0) },
  ) {
    this.dimensions = dimensions
    this.#rows = stored.rows
    this.#scales = stored.scales
    this.#count = stored.scales.length
  }

  /** Number of rows. */
  get count(): number {
    return this.#count
  }

  /**
   * Quantises one vector and appends it: symmetric, the row's largest absolute value becomes 127.
   *
   * @param vector `dimensions` finite values, not all zero
   */
  append(vector: ArrayLike<number>): void {
    this.#reserve(this.#count + 1)
    let largest = 0
    for (let i = 0; i < this.dimensions; i++) largest = Math.max(largest, Math.abs(vector[i]!))
    const start = this.#count * this.dimensions
    for (let i = 0; i < this.dimensions; i++) this.#rows[start + i] = Math.round((vector[i]! / largest) * 127)
    this.#scales[this.#count] = largest / 127
    this.#count++
  }

  /** One row as float32, as far as int8 kept it; not normalised again. */
  row(index: number): Float32Array<ArrayBuffer> {
    const start = index * this.dimensions
    const scale = this.#scales[index]!
    return Float32Array.from(this.#rows.subarray(start, start + this.dimensions), (value) => value * scale)
  }

  /** Exact copies of what is stored. */
  toMatrix(): Int8Matrix {
    return {
      rows: this.#rows.slice(0, this.#count * this.dimensions),
      scales: this.#scales.slice(0, this.#count),
    }
  }

  /**
   * Cosine of the query with the leading values of every row, each renormalised; a row whose leading values are
   * all zero scores 0. The row's scale cancels out of a cosine, so only int8 values and norms are read.
   *
   * @param query any finite vector, not all zero; its length, 1 to `dimensions`, says how many values count
   * @param accept rows for which it says false score NaN
   * @returns one score a row, −1 to 1
   */
  cosines(query: Float32Array, accept: ((index: number) => boolean) | undefined): Float64Array<ArrayBuffer> {
    const width = query.length
    const { values, inverseNorm } = toIntegers(query)
    const inverseNorms = this.#inverseNormsAt(width)
    const scores = new Float64Array(this.#count)
    for (let index = 0; index < this.#count; index++) {
      scores[index] =
        accept === undefined || accept(index)
          ? dotIntegers(values, this.#rows, index * this.dimensions) * inverseNorms[index]! * inverseNorm
          : NaN
    }
    return scores
  }

  /** Kept for one width at a time: changing the width costs one pass, adding rows only the new ones. */
  #inverseNormsAt(width: number): Float32Array {
    if (this.#normWidth !== width) this.#normCount = 0
    this.#normWidth = width
    if (this.#inverseNorms.length < this.#count) {
      const grown = new Float32Array(this.#scales.length)
      grown.set(this.#inverseNorms.subarray(0, this.#normCount))
      this.#inverseNorms = grown
    }
    for (let index = this.#normCount; index < this.#count; index++) {
      const start = index * this.dimensions
      let squares = 0
      for (let i = start; i < start + width; i++) squares += this.#rows[i]! * this.#rows[i]!
      this.#inverseNorms[index] = squares === 0 ? 0 : 1 / Math.sqrt(squares)
    }
    this.#normCount = this.#count
    return this.#inverseNorms
  }

  #reserve(count: number): void {
    if (count <= this.#scales.length) return
    const capacity = Math.max(count, 64, Math.ceil(this.#scales.length * 1.5))
    const rows = new Int8Array(capacity * this.dimensions)
    rows.set(this.#rows.subarray(0, this.#count * this.dimensions))
    const scales = new Float32Array(capacity)
    scales.set(this.#scales.subarray(0, this.#count))
    this.#rows = rows
    this.#scales = scales
  }
}

/**
 * The query as integers of up to 16 bits, so that the scan multiplies integers only. Their range is chosen so that
 * no sum of `query.length` products with int8 values can leave int32; at 384 values that is the full 16 bits,
 * an error of 1/32767 of the largest value, far below that of the int8 rows.
 */
function toIntegers(query: Float32Array): { values: Int16Array; inverseNorm: number } {
  const limit = Math.min(32767, Math.floor((2 ** 31 - 1) / (128 * query.length)))
  let largest = 0
  for (const value of query) largest = Math.max(largest, Math.abs(value))
  const values = new Int16Array(query.length)
  let squares = 0
  for (let i = 0; i < query.length; i++) {
    values[i] = Math.round((query[i]! / largest) * limit)
    squares += values[i]! * values[i]!
  }
  return { values, inverseNorm: 1 / Math.sqrt(squares) }
}

/** Dot product of `query` and as many values of `rows` from `start` on, in int32. */
function dotIntegers(query: Int16Array, rows: Int8Array, start: number): number {
  const length = query.length
  const blocks = length - (length % 4)
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let i = 0
  for (; i < blocks; i += 4) {
    s0 = (s0 + query[i]! * rows[start + i]!) | 0
    s1 = (s1 + query[i + 1]! * rows[start + i + 1]!) | 0
    s2 = (s2 + query[i + 2]! * rows[start + i + 2]!) | 0
    s3 = (s3 + query[i + 3]! * rows[start + i + 3]!) | 0
  }
  for (; i < length; i++) s0 = (s0 + query[i]! * rows[start + i]!) | 0
  return s0 + s1 + s2 + s3
}
