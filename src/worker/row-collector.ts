/** Where the rows of a response gather, in the form that was asked for, while others are still computed. */

import { encodeBase64Embedding } from '../openai/encode.ts'
import type { EncodingFormat } from '../openai/types.ts'
import type { EmbeddingsResult } from '../rpc/protocol.ts'

/** Rows by the position of their input. */
export interface RowCollector {
  /** @param row copied */
  set(position: number, row: Float32Array): void
  /** The row of another input, which has come. */
  repeat(position: number, from: number): void
  readonly vectors: EmbeddingsResult['vectors']
}

/** A collector for `inputs` rows of `dimensions` values. */
export function collectRows(format: EncodingFormat, inputs: number, dimensions: number): RowCollector {
  return format === 'base64' ? new Base64Rows(inputs) : new FloatRows(inputs, dimensions)
}

class FloatRows implements RowCollector {
  readonly vectors: { format: 'float'; rows: Float32Array; dimensions: number }

  constructor(inputs: number, dimensions: number) {
    this.vectors = { format: 'float', rows: new Float32Array(inputs * dimensions), dimensions }
  }

  set(position: number, row: Float32Array): void {
    this.vectors.rows.set(row, position * this.vectors.dimensions)
  }

  repeat(position: number, from: number): void {
    const { rows, dimensions } = this.vectors
    rows.copyWithin(position * dimensions, from * dimensions, (from + 1) * dimensions)
  }
}

class Base64Rows implements RowCollector {
  readonly vectors: { format: 'base64'; rows: string[] }

  constructor(inputs: number) {
    this.vectors = { format: 'base64', rows: new Array<string>(inputs).fill('') }
  }

  set(position: number, row: Float32Array): void {
    this.vectors.rows[position] = encodeBase64Embedding(row)
  }

  repeat(position: number, from: number): void {
    this.vectors.rows[position] = this.vectors.rows[from] ?? ''
  }
}
