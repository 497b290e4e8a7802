import { afterEach, describe, expect, it } from 'vitest'
import {
  decodeBase64Embedding,
  encodeBase64Embedding,
  encodeBase64Rows,
  splitRows,
} from '../../../src/openai/encode.ts'
import { EmbeddingsError } from '../../../src/openai/errors.ts'

/** The oracle: Node's own Buffer, written value by value in little-endian order. */
function bufferBase64(values: readonly number[]): string {
  const buffer = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => buffer.writeFloatLE(value, i * 4))
  return buffer.toString('base64')
}

const VALUES = [0, -0, 1, -1, 0.1, 1e-45, 3.4028234663852886e38, Infinity, -Infinity]

const nativeToBase64 = Object.getOwnPropertyDescriptor(Uint8Array.prototype, 'toBase64')

afterEach(() => {
  Reflect.deleteProperty(Uint8Array.prototype, 'toBase64')
  if (nativeToBase64 !== undefined) Object.defineProperty(Uint8Array.prototype, 'toBase64', nativeToBase64)
})

describe.each(['btoa', 'toBase64'])('encodeBase64Embedding through %s', (path) => {
  /** Calls of the platform's toBase64; this Node may lack it, and the older path is wanted too. */
  function usePath(): { calls: number } {
    const seen = { calls: 0 }
    Reflect.deleteProperty(Uint8Array.prototype, 'toBase64')
    if (path === 'toBase64') {
      Object.defineProperty(Uint8Array.prototype, 'toBase64', {
        configurable: true,
        value(this: Uint8Array) {
          seen.calls++
          return Buffer.from(this).toString('base64')
        },
      })
    }
    return seen
  }

  it('gives little-endian float32', () => {
    const seen = usePath()
    // 1 is 0x3f800000, so its bytes are 00 00 80 3f, which are AACAPw== in base64.
    expect(encodeBase64Embedding(Float32Array.of(1))).toBe('AACAPw==')
    expect(seen.calls).toBe(path === 'toBase64' ? 1 : 0)
  })

  it('agrees with Buffer, special values included', () => {
    usePath()
    expect(encodeBase64Embedding(Float32Array.from(VALUES))).toBe(bufferBase64(VALUES))
  })

  // 8,190 bytes a chunk: 2,047.5 floats, so the boundary falls inside one.
  it.each([0, 1, 2, 3, 384, 2047, 2048, 2049, 4095, 4096, 100_000])(
    'agrees with Buffer at %d values',
    (length) => {
      usePath()
      const vector = Float32Array.from({ length }, (_, i) => Math.sin(i))
      expect(encodeBase64Embedding(vector)).toBe(bufferBase64([...vector]))
    },
  )

  it('encodes a view, not the buffer under it', () => {
    usePath()
    const view = Float32Array.of(9, 1, 2, 9).subarray(1, 3)
    expect(encodeBase64Embedding(view)).toBe(bufferBase64([1, 2]))
  })
})

describe('decodeBase64Embedding', () => {
  it('reads what Buffer wrote', () => {
    const vector = decodeBase64Embedding(bufferBase64(VALUES))
    expect(vector).toBeInstanceOf(Float32Array)
    expect([...vector]).toEqual([...Float32Array.from(VALUES)])
  })

  it('reads little-endian, as a DataView sees it', () => {
    const bytes = new DataView(new ArrayBuffer(8))
    bytes.setFloat32(0, -123.5, true)
    bytes.setFloat32(4, 6.25e-3, true)
    const base64 = Buffer.from(bytes.buffer).toString('base64')
    expect([...decodeBase64Embedding(base64)]).toEqual([-123.5, Math.fround(6.25e-3)])
  })

  it.each([0, 1, 2, 3, 384, 100_000])('is the inverse of encode for %d values', (length) => {
    const vector = Float32Array.from({ length }, (_, i) => Math.cos(i) * 10 ** ((i % 20) - 10))
    expect(decodeBase64Embedding(encodeBase64Embedding(vector))).toEqual(vector)
  })

  it('keeps NaN', () => {
    expect([...decodeBase64Embedding(bufferBase64([NaN, 1]))]).toEqual([NaN, 1])
  })

  it('owns a buffer of exactly its size', () => {
    expect(decodeBase64Embedding(bufferBase64([1, 2])).buffer.byteLength).toBe(8)
  })

  it.each([
    ['no base64', '!!!!'],
    ['a list of numbers', '0.1,0.2'],
    ['a lone character', 'A'],
  ])('refuses %s and keeps the cause', (_name, text) => {
    const error = catchError(() => decodeBase64Embedding(text))
    expect(error).toMatchObject({ code: 'invalid_value', status: 400, param: 'embedding' })
    expect(error.cause).toBeDefined()
  })

  it('refuses bytes that are no whole number of float32s', () => {
    const error = catchError(() => decodeBase64Embedding(Buffer.alloc(6).toString('base64')))
    expect(error).toMatchObject({ code: 'invalid_value', status: 400, param: 'embedding' })
    expect(error.message).toContain('multiple of 4 bytes')
    expect(error.message).toContain('got 6 bytes')
  })
})

describe('encodeBase64Rows and splitRows', () => {
  it('take one row after the other', () => {
    const rows = Float32Array.of(1, 2, 3, 4, 5, 6)
    expect(encodeBase64Rows(rows, 3)).toEqual([bufferBase64([1, 2, 3]), bufferBase64([4, 5, 6])])
    expect(splitRows(rows, 2).map((row) => [...row])).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ])
  })

  it('give nothing for an empty matrix', () => {
    expect(encodeBase64Rows(new Float32Array(0), 3)).toEqual([])
  })

  it.each([0, -1, 1.5, 4, NaN])('refuse rows of %d from 6 values', (dimensions) => {
    expect(() => splitRows(new Float32Array(6), dimensions)).toThrow(
      new RangeError(`6 values cannot be split into rows of ${dimensions}`),
    )
  })
})

function catchError(action: () => unknown): EmbeddingsError {
  try {
    action()
  } catch (error) {
    if (error instanceof EmbeddingsError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
