import { countRows } from './rows.ts'

/**
 * Divides every row by its L2 norm, in place, so that a dot product of two rows is their cosine.
 *
 * A row of zeros has no direction, and a row with NaN or an infinity has no norm: both stay exactly as they
 * are, so that {@link findUnusableRow} still sees them afterwards. Squares are summed in float64, in which no
 * square of a float32 over- or underflows; hence rows of huge or subnormal values are normalised too.
 *
 * Source of the method: `torch.nn.functional.normalize(x, p=2, dim=1)`, which sentence-transformers uses, but
 * without its floor of 1e-12 under the norm.
 *
 * @param matrix rows × width, row-major; overwritten
 * @param width values per row
 * @throws {RangeError} when `width` is not a positive integer or does not divide the matrix's length
 */
export function normalizeRows(matrix: Float32Array, width: number): void {
  const rows = countRows(matrix, width)
  for (let row = 0; row < rows; row++) {
    const start = row * width
    const end = start + width
    let squares = 0
    for (let i = start; i < end; i++) squares += matrix[i]! * matrix[i]!
    // Catches NaN as well as infinities and zero.
    if (!(squares > 0 && squares < Infinity)) continue
    const norm = Math.sqrt(squares)
    for (let i = start; i < end; i++) matrix[i] = matrix[i]! / norm
  }
}

/**
 * Finds the first row that cannot be an embedding: it holds NaN or an infinity, or nothing but zeros.
 *
 * @param matrix rows × width, row-major; normalised or not
 * @param width values per row
 * @returns the row's index, or -1 when every row is usable (an empty matrix included)
 * @throws {RangeError} when `width` is not a positive integer or does not divide the matrix's length
 */
export function findUnusableRow(matrix: Float32Array, width: number): number {
  const rows = countRows(matrix, width)
  for (let row = 0; row < rows; row++) {
    const start = row * width
    const end = start + width
    let magnitude = 0
    for (let i = start; i < end; i++) magnitude += Math.abs(matrix[i]!)
    // The sum is NaN or infinite if one value is: float64 cannot overflow on a row of finite float32 values.
    if (!(magnitude > 0 && magnitude < Infinity)) return row
  }
  return -1
}
