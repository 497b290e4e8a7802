/** A query in integers, as rows of int8 are compared with it. */

/** A query of one search. */
export interface IntegerQuery {
  /** Filled up with zeros to a multiple of 16. */
  values: Int16Array<ArrayBuffer>
  /** How many of them are the query's. */
  width: number
  /** Sum of their squares; exact, at least 1. */
  squares: number
}

/**
 * The query in integers of up to 16 bits, its largest absolute value at the end of their range, which is chosen so that
 * no sum of products with int8 values can leave int32. Up to 512 values that is the full 16 bits, an error of 1/65534 of
 * the largest value, far below that of the int8 rows; at 16,384 it is 10 bits.
 *
 * @param query 1 to 16,384 finite values, not all zero
 */
export function toIntegerQuery(query: Float32Array): IntegerQuery {
  const width = query.length
  const limit = Math.min(32767, Math.floor((2 ** 31 - 1) / (128 * width)))
  let largest = 0
  for (const value of query) largest = Math.max(largest, Math.abs(value))
  const values = new Int16Array(Math.ceil(width / 16) * 16)
  let squares = 0
  for (let i = 0; i < width; i++) {
    const value = Math.round((query[i]! / largest) * limit)
    values[i] = value
    squares += value * value
  }
  return { values, width, squares }
}
