/**
 * Counts the rows of a row-major matrix, and refuses a shape that cannot be one.
 *
 * @param matrix rows × width values, row after row
 * @param width values per row, an integer of at least 1
 * @returns the number of rows; 0 for an empty matrix
 * @throws {RangeError} when `width` is not a positive integer or does not divide the matrix's length
 */
export function countRows(matrix: Float32Array, width: number): number {
  if (!Number.isSafeInteger(width) || width < 1) {
    throw new RangeError(`width must be an integer of at least 1, got ${width}`)
  }
  const rows = matrix.length / width
  if (!Number.isInteger(rows)) {
    throw new RangeError(`a matrix of ${matrix.length} values has no whole number of rows of width ${width}`)
  }
  return rows
}
