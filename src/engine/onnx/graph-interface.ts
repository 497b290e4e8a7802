/** What can be told of an ONNX graph without its weights. Types only. */

import type { ElementType } from './tensor.ts'

/** A size; the name of a size that only a run decides; or null where the file does not say. */
export type Dimension = number | string | null

/** An input or output of a graph. */
export interface GraphValue {
  name: string
  /** Type of the elements; `other` for types that no embedding model has there. */
  type: ElementType
  /** Null where the file does not even say how many there are. */
  dims: readonly Dimension[] | null
}

/** A file beside the graph with some of its weights. */
export interface ExternalDataFile {
  /** Relative to the graph's folder, without `./` in front; never leads out of it. */
  path: string
  /** Bytes that it must at least have; 0 where the graph does not say. */
  bytes: number
}

/** A graph from the outside, and what it is made of. */
export interface GraphInterface {
  /** Without constants, which old files list among the inputs. */
  inputs: readonly GraphValue[]
  outputs: readonly GraphValue[]
  /** Version of each operator set, by domain; ONNX's own is `''`. */
  opsets: ReadonlyMap<string, number>
  /**
   * How many nodes of each operator there are, those inside branches and loops included; the domain stands in front
   * unless it is ONNX's own: `MatMulInteger`, `com.microsoft.MatMulNBits`.
   */
  operators: ReadonlyMap<string, number>
  externalData: readonly ExternalDataFile[]
}
