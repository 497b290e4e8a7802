/** Ways through an ONNX graph against the direction of the data. Matchers return null where a node is another than asked. */

import type { OnnxGraph, OnnxNode } from '../../engine/onnx/graph.ts'
import { numbersOf, type OnnxTensor } from '../../engine/onnx/tensor.ts'

/** `TensorProto.DataType` of float32 and float16. */
const FLOAT_TYPES: ReadonlySet<number | undefined> = new Set([1, 10])

/** Those of int32 and int64. */
const INTEGER_TYPES: ReadonlySet<number | undefined> = new Set([6, 7])

/** Longest chain of nodes that only pass a value on; a longer one is a cycle. */
const LONGEST_CHAIN = 16

/** One graph, and the questions that matchers ask of it. */
export class GraphWalk {
  readonly graph: OnnxGraph

  constructor(graph: OnnxGraph) {
    this.graph = graph
  }

  /**
   * The value behind nodes that pass it on: `Identity`, casts to a float type, and pairs that round a value to 8 bits and back,
   * which the encoder does in its own way.
   */
  source(value: string): string {
    return this.#behind(value, FLOAT_TYPES)
  }

  /** The same for whole numbers: casts to int32 and int64 pass them on. Empty where there is no value. */
  integers(value: string | undefined): string {
    return value === undefined ? '' : this.#behind(value, INTEGER_TYPES)
  }

  #behind(value: string, types: ReadonlySet<number | undefined>): string {
    const { producers } = this.graph
    let name = value
    for (let step = 0; step < LONGEST_CHAIN; step++) {
      const node = producers.get(name)
      const first = node?.inputs[0] ?? ''
      const rounding = node?.op === 'DequantizeLinear' ? producers.get(first) : undefined
      if (rounding?.op === 'QuantizeLinear') name = rounding.inputs[0] ?? ''
      else if (node?.op === 'Identity') name = first
      else if (node?.op === 'Cast' && types.has(node.attributes.get('to')?.integer)) name = first
      else return name
    }
    return name
  }

  /** The node that computes a value, when its operator is one of `ops`. */
  node(value: string | undefined, ...ops: readonly string[]): OnnxNode | null {
    if (value === undefined) return null
    const node = this.graph.producers.get(this.source(value))
    return node !== undefined && ops.includes(node.op) ? node : null
  }

  /** The constant that a value is. */
  constant(value: string | undefined): OnnxTensor | null {
    return value === undefined ? null : (this.graph.constants.get(this.source(value)) ?? null)
  }

  /** The number that a value is, where it is a constant of one element. */
  scalar(value: string | undefined): number | null {
    const tensor = this.constant(value)
    return tensor?.size === 1 ? (numbersOf(tensor)?.[0] ?? null) : null
  }

  /** The elements of a constant of at most `most`. */
  numbers(value: string | undefined, most: number): Float64Array | null {
    const tensor = this.constant(value)
    return tensor !== null && tensor.size <= most ? numbersOf(tensor) : null
  }

  /** The elements of a constant float vector. */
  vector(value: string | undefined, size: number): Float32Array | null {
    const tensor = this.constant(value)
    const isFloat = tensor?.type === 'float32' || tensor?.type === 'float16'
    if (!isFloat || tensor.size !== size || tensor.dims.at(-1) !== size) return null
    const numbers = numbersOf(tensor)
    return numbers === null ? null : Float32Array.from(numbers)
  }

  /** The two inputs of a commutative node, both ways round. */
  bothWays(node: OnnxNode | null): [string, string][] {
    const [a, b] = node?.inputs ?? []
    if (a === undefined || b === undefined) return []
    return [
      [a, b],
      [b, a],
    ]
  }

  /** The axes of a reduction or an unsqueeze: an attribute up to opset 12 or 17, an input after that. */
  axes(node: OnnxNode): readonly number[] {
    const attribute = node.attributes.get('axes')?.integers ?? []
    return attribute.length > 0 ? attribute : [...(this.numbers(node.inputs[1], 8) ?? [])]
  }

  /** True when two values are the same. */
  same(a: string | undefined, b: string | undefined): boolean {
    return a !== undefined && b !== undefined && this.source(a) === this.source(b)
  }
}
