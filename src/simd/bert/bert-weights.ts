/** A BERT encoder as it was found in a file: shapes, constants, and where the weights lie. Nothing is copied or packed. */

import type { Pooling } from '../../models/recipe.ts'
import type { OnnxTensor } from '../../engine/onnx/tensor.ts'

/** How a file holds the matrix of a linear layer. */
export type MatrixSource =
  | {
      /** uint8 or int8 [inputs][outputs]; weight = (value − zero point) × scale. */
      kind: 'int8'
      values: OnnxTensor
      /** One number, or one for each output. */
      scales: Float64Array
      zeroPoints: Float64Array
    }
  | {
      /** uint8 around 128 [outputs][inputs / block][block]; weight = (value − 128) × the block's scale. */
      kind: 'blocks'
      values: OnnxTensor
      /** [outputs][inputs / block]. */
      scales: OnnxTensor
      block: number
    }
  | {
      /** float32 or float16 [inputs][outputs]; `byOutput`: [outputs][inputs]. */
      kind: 'float'
      values: OnnxTensor
      byOutput: boolean
    }

/** A linear layer. */
export interface LinearSource {
  /** Value that the layer reads. */
  input: string
  inputs: number
  outputs: number
  matrix: MatrixSource
  /** Null: none. */
  bias: Float32Array | null
  /** Factors that the file itself puts on the layer's input channels. Null: none. */
  smoothing: Float32Array | null
}

/** A table of vectors: uint8 or int8 with scales, or float32 or float16 with none. */
export interface TableSource {
  values: OnnxTensor
  rows: number
  width: number
  /** Scales of the integers, one for each `block` neighbours; one for the whole table where `block` is 0. */
  scales: OnnxTensor | null
  block: number
  zeroPoint: number
}

/** Scale and shift of a layer normalisation. */
export interface NormSource {
  gamma: Float32Array
  beta: Float32Array
  epsilon: number
}

/** One transformer layer. */
export interface LayerSource {
  query: LinearSource
  key: LinearSource
  value: LinearSource
  /** What scores are multiplied by: 1 / √(head size). */
  scoreScale: number
  output: LinearSource
  outputNorm: NormSource
  up: LinearSource
  down: LinearSource
  downNorm: NormSource
}

/** The encoder. */
export interface BertSource {
  hidden: number
  /** Width of the feed-forward layer. */
  inner: number
  heads: number
  words: TableSource
  /** Rows in the order of `paddingId`. */
  positions: TableSource
  /**
   * Null: the tokens of a text get the rows 0, 1, 2, … of `positions`. Otherwise they get 1, 2, 3, … but for tokens of this id,
   * which get row 0 and are not counted.
   */
  paddingId: number | null
  /** The table whose first row every token gets; null where the file has it in `positions`. */
  types: TableSource | null
  embeddingNorm: NormSource
  layers: readonly LayerSource[]
  pooling: Pooling
}
