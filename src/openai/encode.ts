/** Vectors to base64 and back, in the form that OpenAI's API gives them: little-endian float32 bytes. */

import { EmbeddingsError } from './errors.ts'

/** Bytes of one float32. */
const FLOAT_BYTES = 4

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/**
 * Bytes per `btoa` call. A multiple of 3, so that no padding comes before the end, and few enough to be the
 * arguments of one call: engines allow some 65,000, less what is on the stack already.
 */
const CHUNK_BYTES = 3 * 2730

/** `Uint8Array.prototype.toBase64` (ES2026), where the platform has it. */
interface Base64Bytes {
  toBase64?: () => string
}

/**
 * Encodes one vector as `encoding_format: 'base64'` gives it.
 *
 * @param vector any length; NaN and infinities are encoded too (which NaN it was may be lost)
 * @returns base64 with padding, of 4 bytes per value; `''` for an empty vector
 */
export function encodeBase64Embedding(vector: Float32Array): string {
  const bytes = littleEndianBytes(vector)
  const native = bytes as Uint8Array & Base64Bytes
  if (typeof native.toBase64 === 'function') return native.toBase64()
  let base64 = ''
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    base64 += btoa(String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES)))
  }
  return base64
}

/**
 * Encodes every row of a matrix; what a response of `encoding_format: 'base64'` is made from.
 *
 * @param rows rows × dimensions, row-major
 * @param dimensions values per row
 * @returns one base64 string per row, in the same order
 * @throws {RangeError} when `dimensions` is not a positive integer or does not divide the matrix's length
 */
export function encodeBase64Rows(rows: Float32Array, dimensions: number): string[] {
  return splitRows(rows, dimensions).map(encodeBase64Embedding)
}

/**
 * Views of the rows of a matrix; nothing is copied.
 *
 * @param rows rows × dimensions, row-major
 * @param dimensions values per row
 * @returns one view of `dimensions` values per row
 * @throws {RangeError} when `dimensions` is not a positive integer or does not divide the matrix's length
 */
export function splitRows(rows: Float32Array, dimensions: number): Float32Array[] {
  if (!Number.isSafeInteger(dimensions) || dimensions < 1 || rows.length % dimensions !== 0) {
    throw new RangeError(`${rows.length} values cannot be split into rows of ${dimensions}`)
  }
  const views: Float32Array[] = []
  for (let start = 0; start < rows.length; start += dimensions) {
    views.push(rows.subarray(start, start + dimensions))
  }
  return views
}

/**
 * Decodes a vector of `encoding_format: 'base64'`, from this library or from OpenAI's API.
 *
 * @param base64 standard alphabet; padding may be missing and white space is skipped, as in `atob`
 * @returns the vector, in its own buffer
 * @throws {EmbeddingsError} 400 `invalid_value` when the text is not base64 or holds no whole number of float32s
 */
export function decodeBase64Embedding(base64: string): Float32Array<ArrayBuffer> {
  const binary = decodeBase64(base64)
  if (binary.length % FLOAT_BYTES !== 0) {
    throw new EmbeddingsError(
      'invalid_value',
      `A base64 embedding must hold a multiple of ${FLOAT_BYTES} bytes (little-endian float32), got ${binary.length} bytes.`,
      { param: 'embedding' },
    )
  }
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0))
  const view = new DataView(bytes.buffer)
  const vector = new Float32Array(bytes.length / FLOAT_BYTES)
  for (let i = 0; i < vector.length; i++) vector[i] = view.getFloat32(i * FLOAT_BYTES, true)
  return vector
}

function decodeBase64(base64: string): string {
  try {
    return atob(base64)
  } catch (cause) {
    throw new EmbeddingsError(
      'invalid_value',
      'A base64 embedding must be a base64 string, got something else.',
      {
        param: 'embedding',
        cause,
      },
    )
  }
}

/** Where the host has the other byte order, through a DataView; else the vector's own bytes, not copied. */
function littleEndianBytes(vector: Float32Array): Uint8Array {
  if (HOST_IS_LITTLE_ENDIAN) return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
  const bytes = new Uint8Array(vector.length * FLOAT_BYTES)
  const view = new DataView(bytes.buffer)
  vector.forEach((value, i) => view.setFloat32(i * FLOAT_BYTES, value, true))
  return bytes
}
