/** What answers hand over between threads, and what they copy. */

/**
 * Most bytes of a matrix that is copied. Handing a buffer over takes both threads some 40 µs, whatever its size; copying
 * 16 kB takes less.
 */
const COPIED_BYTES = 16_384

/**
 * The buffer of a matrix, where handing it over is faster than a copy.
 *
 * @param rows all of its buffer
 */
export function handedOver(rows: Float32Array): ArrayBuffer[] {
  return rows.byteLength > COPIED_BYTES ? [rows.buffer as ArrayBuffer] : []
}
