/**
 * Cosines of int8 rows with a query, many rows a call. Integers are exact and the rest is float64 in an order that is
 * fixed, so `../row-scan.ts` gives the same bits without WebAssembly.
 *
 * Rows are copied here to be compared: a browser has room for some hundred memories, not for one an index, and what is
 * copied lies in the cache when it is read. Everything has a fixed place; the caller reads the places from the exports.
 */

/** Widest query, in values. */
export const mostDimensions: i32 = 16384
/** Most rows in one call. */
export const mostRows: i32 = 512
/** Bytes of the rows of one call; at least one row of the widest. */
export const mostBytes: i32 = 65536

/** int16, filled up with zeros to a multiple of 16 values. */
export const query: usize = memory.data(32768, 16)
/** int8; behind them what the last loads read beyond the end, and what stands for the partner of an odd last row. */
export const rows: usize = memory.data(65536 + 16384 + 16, 16)
/** float64; the count is rounded up to an even one. */
export const scores: usize = memory.data(4096, 16)

/** Loaded at 16 − n: n bytes of ones, then zeros. */
const LEADING: usize = memory.data<u8>(
  [
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0,
  ],
  16,
)

/** Lanes 0 and 1: the sum of the lanes of `a`; lanes 2 and 3: of `b`. Each is to be added to its neighbour. */
@inline
function halfSums(a: v128, b: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 1, 4, 5), v128.shuffle<i32>(a, b, 2, 3, 6, 7))
}

/**
 * Fills `scores`: products / sqrt(squares of the row × squares of the query), and 0 for a row of zeros.
 *
 * @param stride bytes from one row to the next
 * @param width values of a row that are compared, at most `mostDimensions`; as many has the query
 * @param count rows, at most `mostRows`
 * @param querySquares sum of the query's squares
 */
export function scan(stride: usize, width: usize, count: i32, querySquares: f64): void {
  const whole = width & ~15
  const mask = v128.load(LEADING + 16 - (width & 15))
  const norm = f64x2.splat(querySquares)
  let row = rows
  let score = scores
  // Two rows at once share what is read of the query; int32 holds the squares of 16,384 values, and the caller keeps
  // the query so small that it holds every sum of products.
  for (let left = count; left > 0; left -= 2) {
    const other = row + stride
    let products = i32x4.splat(0)
    let squares = i32x4.splat(0)
    let otherProducts = i32x4.splat(0)
    let otherSquares = i32x4.splat(0)
    for (let i: usize = 0; i < whole; i += 16) {
      const low = v128.load(query + 2 * i)
      const high = v128.load(query + 2 * i, 16)
      let values = v128.load_ext<i8>(row + i)
      products = i32x4.add(products, i32x4.dot_i16x8_s(values, low))
      squares = i32x4.add(squares, i32x4.dot_i16x8_s(values, values))
      values = v128.load_ext<i8>(row + i, 8)
      products = i32x4.add(products, i32x4.dot_i16x8_s(values, high))
      squares = i32x4.add(squares, i32x4.dot_i16x8_s(values, values))
      values = v128.load_ext<i8>(other + i)
      otherProducts = i32x4.add(otherProducts, i32x4.dot_i16x8_s(values, low))
      otherSquares = i32x4.add(otherSquares, i32x4.dot_i16x8_s(values, values))
      values = v128.load_ext<i8>(other + i, 8)
      otherProducts = i32x4.add(otherProducts, i32x4.dot_i16x8_s(values, high))
      otherSquares = i32x4.add(otherSquares, i32x4.dot_i16x8_s(values, values))
    }
    if (whole < width) {
      const low = v128.load(query + 2 * whole)
      const high = v128.load(query + 2 * whole, 16)
      const bytes = v128.and(v128.load(row + whole), mask)
      const otherBytes = v128.and(v128.load(other + whole), mask)
      let values = i16x8.extend_low_i8x16_s(bytes)
      products = i32x4.add(products, i32x4.dot_i16x8_s(values, low))
      squares = i32x4.add(squares, i32x4.dot_i16x8_s(values, values))
      values = i16x8.extend_high_i8x16_s(bytes)
      products = i32x4.add(products, i32x4.dot_i16x8_s(values, high))
      squares = i32x4.add(squares, i32x4.dot_i16x8_s(values, values))
      values = i16x8.extend_low_i8x16_s(otherBytes)
      otherProducts = i32x4.add(otherProducts, i32x4.dot_i16x8_s(values, low))
      otherSquares = i32x4.add(otherSquares, i32x4.dot_i16x8_s(values, values))
      values = i16x8.extend_high_i8x16_s(otherBytes)
      otherProducts = i32x4.add(otherProducts, i32x4.dot_i16x8_s(values, high))
      otherSquares = i32x4.add(otherSquares, i32x4.dot_i16x8_s(values, values))
    }
    products = halfSums(products, otherProducts)
    squares = halfSums(squares, otherSquares)
    const sums = i32x4.add(
      v128.shuffle<i32>(products, squares, 0, 2, 4, 6),
      v128.shuffle<i32>(products, squares, 1, 3, 5, 7),
    )
    // A row of zeros counts as one of length 1: 0 / 0 would be no number.
    const lengths = f64x2.max(f64x2.convert_low_i32x4_s(v128.shuffle<i32>(sums, sums, 2, 3, 2, 3)), f64x2.splat(1))
    v128.store(score, f64x2.div(f64x2.convert_low_i32x4_s(sums), f64x2.sqrt(f64x2.mul(lengths, norm))))
    row = other + stride
    score += 16
  }
}
