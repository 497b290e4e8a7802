/** The scan that search is made of: cosines of int8 rows with a query, in WebAssembly, or in JavaScript with the same bits. */

import type { IntegerQuery } from './integer-query.ts'
import { SCAN_MODULE } from './scan-module.ts'

/** What a search runs on. Both give the same results, to the last bit. */
export interface SearchBackend {
  /** `wasm`: WebAssembly with SIMD; `javascript` where that cannot be had, at a tenth of the speed. */
  name: 'wasm' | 'javascript'
  /** Why it is not `wasm`; null where it is. */
  reason: string | null
}

/** One way of comparing rows. */
export interface RowScan {
  readonly backend: SearchBackend
  /**
   * Cosines of rows with the query, over as many leading values as the query has; 0 for a row in which these are zeros.
   *
   * @param rows whole rows of int8, at most as many as {@link rowsAtOnce}
   * @param dimensions values from one row to the next, at least the query's width
   * @returns one a row from the first value on, −1 to 1, and no matter what behind them; the caller's to change, and
   *   overwritten by the next call
   */
  scan(query: IntegerQuery, rows: Int8Array, dimensions: number): Float64Array
}

/** Values of the widest row. */
export const MOST_DIMENSIONS = 16_384

/** Rows and bytes of one call: what the kernel has room for, and little enough to stay in the cache. */
const MOST_ROWS = 512
const MOST_BYTES = 90_112

/** Most rows of so many dimensions that one call takes. */
export function rowsAtOnce(dimensions: number): number {
  return Math.min(MOST_ROWS, Math.floor(MOST_BYTES / dimensions))
}

/** What the kernel exports; documented in `assembly/cosines.ts`. Addresses are bytes. */
interface ScanExports {
  memory: WebAssembly.Memory
  query: WebAssembly.Global<'i32'>
  rows: WebAssembly.Global<'i32'>
  scores: WebAssembly.Global<'i32'>
  scan: (stride: number, width: number, count: number, querySquares: number) => void
}

/**
 * The scan in WebAssembly.
 *
 * @throws {Error} of any kind where WebAssembly is missing, blocked by a Content-Security-Policy, or without SIMD
 */
export function createWasmScan(): RowScan {
  const bytes = Uint8Array.from(atob(SCAN_MODULE), (character) => character.charCodeAt(0))
  // Synchronously: a browser's limit for that on a page was 4 kB once, and the kernel has less than one.
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes))
  const { memory, scan, ...places } = instance.exports as unknown as ScanExports
  const queryPlace = new Int16Array(memory.buffer, places.query.value)
  const rowsPlace = new Int8Array(memory.buffer, places.rows.value)
  const scores = new Float64Array(memory.buffer, places.scores.value, MOST_ROWS)
  let lastValues: Int16Array | undefined
  return {
    backend: { name: 'wasm', reason: null },
    scan({ values, width, squares }, rows, dimensions) {
      if (values !== lastValues) queryPlace.set(values)
      lastValues = values
      rowsPlace.set(rows)
      scan(dimensions, width, rows.length / dimensions, squares)
      return scores
    },
  }
}

/**
 * The scan in plain JavaScript.
 *
 * @param reason why it is taken
 */
export function createJavascriptScan(reason: string): RowScan {
  const scores = new Float64Array(MOST_ROWS)
  return {
    backend: { name: 'javascript', reason },
    scan(query, rows, dimensions) {
      const count = rows.length / dimensions
      for (let row = 0; row < count; row++) scores[row] = cosine(query, rows, row * dimensions)
      return scores
    },
  }
}

/** Integers are exact in any order; the one division and root are those of the kernel. */
function cosine({ values, width, squares }: IntegerQuery, rows: Int8Array, start: number): number {
  const blocks = width - (width % 4)
  let products = 0
  let rowSquares = 0
  let i = 0
  for (; i < blocks; i += 4) {
    const a = rows[start + i]!
    const b = rows[start + i + 1]!
    const c = rows[start + i + 2]!
    const d = rows[start + i + 3]!
    products = (products + a * values[i]! + b * values[i + 1]! + c * values[i + 2]! + d * values[i + 3]!) | 0
    rowSquares = (rowSquares + a * a + b * b + c * c + d * d) | 0
  }
  for (; i < width; i++) {
    const value = rows[start + i]!
    products = (products + value * values[i]!) | 0
    rowSquares = (rowSquares + value * value) | 0
  }
  return products / Math.sqrt(Math.max(rowSquares, 1) * squares)
}

let chosen: RowScan | undefined

/** The best scan that this page or worker can run: one for all its indexes, made when it is first asked for. */
export function rowScan(): RowScan {
  if (chosen !== undefined) return chosen
  try {
    chosen = createWasmScan()
  } catch (error) {
    chosen = createJavascriptScan(String(error))
  }
  return chosen
}
