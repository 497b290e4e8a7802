/** Where the rows of a response gather, in the form that was asked for, while others are still computed. */

import { encodeBase64Embedding } from '../openai/encode.ts'
import type { EncodingFormat } from '../openai/types.ts'
import type { EmbeddingsResult } from '../rpc/protocol.ts'

/** Rows by the position of their input. */
export interface RowCollector {
  /**
   * @param positions of the rows' inputs
   * @param rows one after the other; not to be written to afterwards
   */
  take(positions: Int32Array, rows: Float32Array): void
  /** The row of another input, which has come. */
  repeat(position: number, from: number): void
  readonly vectors: EmbeddingsResult['vectors']
}

/** A collector for `inputs` rows of `dimensions` values. */
export function collectRows(format: EncodingFormat, inputs: number, dimensions: number): RowCollector {
  return format === 'base64' ? new Base64Rows(inputs) : new FloatRows(inputs, dimensions)
}

class FloatRows implements RowCollector {
  readonly #inputs: number
  readonly #dimensions: number
  #rows: Float32Array | null = null

  constructor(inputs: number, dimensions: number) {
    this.#inputs = inputs
    this.#dimensions = dimensions
  }

  get vectors(): { format: 'float'; rows: Float32Array; dimensions: number } {
    return { format: 'float', rows: this.#all, dimensions: this.#dimensions }
  }

  get #all(): Float32Array {
    return (this.#rows ??= new Float32Array(this.#inputs * this.#dimensions))
  }

  take(positions: Int32Array, rows: Float32Array): void {
    // A batch that holds all rows in their order, as a lone text's does, is the answer as it is.
    if (positions.length === this.#inputs && positions.every((position, row) => position === row)) {
      this.#rows = rows
      return
    }
    const all = this.#all
    eachRow(positions, rows, (position, row) => {
      all.set(row, position * this.#dimensions)
    })
  }

  repeat(position: number, from: number): void {
    const dimensions = this.#dimensions
    this.#all.copyWithin(position * dimensions, from * dimensions, (from + 1) * dimensions)
  }
}

class Base64Rows implements RowCollector {
  readonly vectors: { format: 'base64'; rows: string[] }

  constructor(inputs: number) {
    this.vectors = { format: 'base64', rows: new Array<string>(inputs).fill('') }
  }

  take(positions: Int32Array, rows: Float32Array): void {
    eachRow(positions, rows, (position, row) => {
      this.vectors.rows[position] = encodeBase64Embedding(row)
    })
  }

  repeat(position: number, from: number): void {
    this.vectors.rows[position] = this.vectors.rows[from] ?? ''
  }
}

function eachRow(
  positions: Int32Array,
  rows: Float32Array,
  visit: (position: number, row: Float32Array) => void,
): void {
  const width = rows.length / positions.length
  positions.forEach((position, row) => {
    visit(position, rows.subarray(row * width, (row + 1) * width))
  })
}
