import { normalizeRows } from './normalize.ts'
import { countRows } from './rows.ts'

/**
 * Keeps the first `dimensions` values of every row and L2-normalises what is left, as Matryoshka embeddings are
 * shortened (Kusupati et al. 2022; OpenAI's `dimensions`). A row whose kept part is all zeros, or not finite,
 * is copied without normalising: see `normalizeRows`.
 *
 * At `dimensions === width` the rows are normalised all the same, which may change the last bit of a row that
 * already was; a caller that wants its rows untouched there does not call this.
 *
 * @param matrix rows × width, row-major; left as it is
 * @param width values per row
 * @param dimensions values to keep per row, an integer from 1 to `width`
 * @returns a new matrix, rows × dimensions, in its own buffer
 * @throws {RangeError} when `dimensions` is out of range, or `width` does not fit the matrix
 */
export function truncateRows(
  matrix: Float32Array,
  width: number,
  dimensions: number,
): Float32Array<ArrayBuffer> {
  const rows = countRows(matrix, width)
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > width) {
    throw new RangeError(`dimensions must be an integer from 1 to ${width}, got ${dimensions}`)
  }
  const cut = new Float32Array(rows * dimensions)
  for (let row = 0; row < rows; row++) {
    const start = row * width
    cut.set(matrix.subarray(start, start + dimensions), row * dimensions)
  }
  normalizeRows(cut, dimensions)
  return cut
}
