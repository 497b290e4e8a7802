/**
 * Cosines of int8 rows with a query, many rows a call. Integers are exact and the rest is float64 in an order that is
 * fixed, so `../row-scan.ts` gives the same bits without WebAssembly.
 *
 * Rows are copied here to be compared, which takes 2 of 5 ms for 100,000 rows of 384: a memory for each index would need no
 * copy, but Chromium 156 has room for 124 memories in all, those of workers included, and what was given to a memory is
 * not given back. Everything has a fixed place; the caller reads the places from the exports.
 */

/** Widest query, in values. */
export const mostDimensions: i32 = 16384
/** Most rows in one call. */
export const mostRows: i32 = 512
/** Bytes of the rows of one call; at least one row of the widest. */
export const mostBytes: i32 = 90112

/** int16, filled up with zeros to a multiple of 16 values. */
export const query: usize = memory.data(32768, 16)
/** int8; behind them what the last loads read beyond the end. */
export const rows: usize = memory.data(90112 + 16, 16)
/** float64; the count is rounded up to a multiple of 4. */
export const scores: usize = memory.data(4096, 16)

/** Loaded at 16 − n: n bytes of ones, then zeros. */
const LEADING: usize = memory.data<u8>(
  [
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0,
  ],
  16,
)

@inline
function addProducts(values: v128, others: v128, total: v128): v128 {
  return i32x4.add(total, i32x4.dot_i16x8_s(values, others))
}

/** Adds to `total` the products of the query with a row's last values, fewer than 16. */
function addLastProducts(row: usize, mask: v128, from: usize, total: v128): v128 {
  const bytes = v128.and(v128.load(row), mask)
  total = addProducts(i16x8.extend_low_i8x16_s(bytes), v128.load(from), total)
  return addProducts(i16x8.extend_high_i8x16_s(bytes), v128.load(from, 16), total)
}

/** Adds to `total` the squares of a row's last values, fewer than 16. */
function addLastSquares(row: usize, mask: v128, total: v128): v128 {
  const bytes = v128.and(v128.load(row), mask)
  const low = i16x8.extend_low_i8x16_s(bytes)
  const high = i16x8.extend_high_i8x16_s(bytes)
  return addProducts(high, high, addProducts(low, low, total))
}

/** Lanes 0 and 1: the lanes of `a` in two sums; lanes 2 and 3: those of `b`. */
@inline
function halfSums(a: v128, b: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 1, 4, 5), v128.shuffle<i32>(a, b, 2, 3, 6, 7))
}

/** Scores of two rows: products / sqrt(squares of the row × squares of the query), 0 for a row of zeros. */
function scoresOf(products: v128, squares: v128, otherProducts: v128, otherSquares: v128, querySquares: f64): v128 {
  const a = halfSums(products, otherProducts)
  const b = halfSums(squares, otherSquares)
  const sums = i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7))
  const lengths = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(sums, sums, 2, 3, 2, 3))
  // A row of zeros counts as one of length 1: 0 / 0 would be no number.
  const norms = f64x2.sqrt(f64x2.mul(f64x2.max(lengths, f64x2.splat(1)), f64x2.splat(querySquares)))
  return f64x2.div(f64x2.convert_low_i32x4_s(sums), norms)
}

/**
 * Fills `scores` with the cosines of the query and the rows.
 *
 * @param stride bytes from one row to the next
 * @param width values of a row that are compared, at most `mostDimensions`; as many has the query
 * @param count rows, at most `mostRows`
 * @param querySquares sum of the query's squares
 */
export function scan(stride: usize, width: usize, count: i32, querySquares: f64): void {
  const whole = query + 2 * (width & ~15)
  const mask = v128.load(LEADING + 16 - (width & 15))
  let row = rows
  let score = scores
  // Four rows at once share what is read of the query; behind the last row they are that row again. int32 holds the
  // squares of 16,384 values, and the caller keeps the query so small that it holds every sum of products.
  for (let left = count; left > 0; left -= 4) {
    let a = row
    let b = left > 1 ? a + stride : a
    let c = left > 2 ? b + stride : b
    let d = left > 3 ? c + stride : c
    row = d + stride
    let productsA = i32x4.splat(0)
    let productsB = i32x4.splat(0)
    let productsC = i32x4.splat(0)
    let productsD = i32x4.splat(0)
    let squaresA = i32x4.splat(0)
    let squaresB = i32x4.splat(0)
    let squaresC = i32x4.splat(0)
    let squaresD = i32x4.splat(0)
    for (let from = query; from < whole; from += 32) {
      const low = v128.load(from)
      const high = v128.load(from, 16)
      let values = v128.load_ext<i8>(a)
      productsA = addProducts(values, low, productsA)
      squaresA = addProducts(values, values, squaresA)
      values = v128.load_ext<i8>(a, 8)
      productsA = addProducts(values, high, productsA)
      squaresA = addProducts(values, values, squaresA)
      values = v128.load_ext<i8>(b)
      productsB = addProducts(values, low, productsB)
      squaresB = addProducts(values, values, squaresB)
      values = v128.load_ext<i8>(b, 8)
      productsB = addProducts(values, high, productsB)
      squaresB = addProducts(values, values, squaresB)
      values = v128.load_ext<i8>(c)
      productsC = addProducts(values, low, productsC)
      squaresC = addProducts(values, values, squaresC)
      values = v128.load_ext<i8>(c, 8)
      productsC = addProducts(values, high, productsC)
      squaresC = addProducts(values, values, squaresC)
      values = v128.load_ext<i8>(d)
      productsD = addProducts(values, low, productsD)
      squaresD = addProducts(values, values, squaresD)
      values = v128.load_ext<i8>(d, 8)
      productsD = addProducts(values, high, productsD)
      squaresD = addProducts(values, values, squaresD)
      a += 16
      b += 16
      c += 16
      d += 16
    }
    if (width & 15) {
      productsA = addLastProducts(a, mask, whole, productsA)
      productsB = addLastProducts(b, mask, whole, productsB)
      productsC = addLastProducts(c, mask, whole, productsC)
      productsD = addLastProducts(d, mask, whole, productsD)
      squaresA = addLastSquares(a, mask, squaresA)
      squaresB = addLastSquares(b, mask, squaresB)
      squaresC = addLastSquares(c, mask, squaresC)
      squaresD = addLastSquares(d, mask, squaresD)
    }
    v128.store(score, scoresOf(productsA, squaresA, productsB, squaresB, querySquares))
    v128.store(score, scoresOf(productsC, squaresC, productsD, squaresD, querySquares), 16)
    score += 32
  }
}
