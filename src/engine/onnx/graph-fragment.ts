/**
 * New nodes for a graph, as bytes to append to its file: protobuf merges two serialized messages that follow each other
 * (protobuf.dev/programming-guides/encoding, "Last One Wins"), so the second needs to hold only what is new. Field
 * numbers are those of onnx.proto3.
 */

import type { GraphScan } from './scan-graph.ts'

/** `TensorProto.DataType` */
const DATA_TYPES = { float32: 1, uint8: 2, int64: 7, bool: 9 } as const
const ELEMENT_BYTES = {
  float32: (values: readonly number[]) => Float32Array.from(values),
  uint8: (values: readonly number[]) => Uint8Array.from(values),
  int64: (values: readonly number[]) => BigInt64Array.from(values, BigInt),
}

/** `AttributeProto.AttributeType` */
const INTEGER = 2
const TENSOR = 4
const INTEGERS = 7

/** Where nodes of ONNX's own operators go on to be understood; `com.microsoft` has had one version ever. */
const MICROSOFT = 'com.microsoft'

/** Operators that take their axes as an input from this version of ONNX's operator set on, and as an attribute before. */
const AXES_INPUT_SINCE = { ReduceMax: 18, ReduceL2: 18, ReduceSum: 13, Unsqueeze: 13 } as const

const utf8 = new TextEncoder()

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  bytes.push(rest)
  return bytes
}

const integer = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)]
const bytesField = (field: number, bytes: ArrayLike<number>): number[] => [
  ...varint(field * 8 + 2),
  ...varint(bytes.length),
  ...Array.from(bytes),
]
const text = (field: number, value: string): number[] => bytesField(field, utf8.encode(value))

const attribute = (name: string, type: number, value: readonly number[]): number[] =>
  bytesField(5, [...text(1, name), ...value, ...integer(20, type)])

/** Nodes to be, whose values have names that the graph does not have yet. */
export class GraphFragment {
  readonly #scan: GraphScan
  readonly #prefix: string
  readonly #parts: number[][] = []
  readonly #constants = new Map<string, string>()
  #values = 0
  #microsoft = false

  constructor(scan: GraphScan) {
    this.#scan = scan
    let prefix = 'added'
    const names = [...scan.names]
    while (names.some((name) => name.startsWith(prefix))) prefix += '_'
    this.#prefix = prefix
  }

  /** Version of ONNX's own operator set in this graph. */
  get opset(): number {
    return this.#scan.opsets.get('') ?? 0
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0
  }

  /** A name that no value has: `wanted` itself where that is free. */
  freeName(wanted: string): string {
    return this.#scan.names.has(wanted) ? `${this.#prefix}_${wanted}` : wanted
  }

  /** Adds a node with one output and answers its name. */
  node(
    op: string,
    inputs: readonly string[],
    integers: Record<string, number> = {},
    output = this.#newName(),
  ): string {
    const attributes = Object.entries(integers).flatMap(([name, value]) =>
      attribute(name, INTEGER, integer(3, value)),
    )
    this.#add(op, inputs, output, attributes)
    return output
  }

  /** Adds a node of the `com.microsoft` domain. */
  microsoft(op: string, inputs: readonly string[]): string {
    const output = this.#newName()
    this.#add(op, inputs, output, text(7, MICROSOFT))
    this.#microsoft = true
    return output
  }

  /** Adds a node that works along one axis, as the graph's version of the operator set wants that said. */
  alongAxis(
    op: keyof typeof AXES_INPUT_SINCE,
    input: string,
    axis: number,
    integers: Record<string, number> = {},
  ): string {
    if (this.opset >= AXES_INPUT_SINCE[op])
      return this.node(op, [input, this.constant('int64', [axis])], integers)
    const output = this.#newName()
    // Two's complement in 64 bits, which no number here can hold: axes are given from the front, or are the last one.
    const value = axis === -1 ? [...new Array<number>(9).fill(255), 1] : varint(axis)
    const others = Object.entries(integers).flatMap(([name, each]) =>
      attribute(name, INTEGER, integer(3, each)),
    )
    this.#add(op, [input], output, [...attribute('axes', INTEGERS, [...varint(8 * 8), ...value]), ...others])
    return output
  }

  cast(input: string, to: keyof typeof DATA_TYPES): string {
    return this.node('Cast', [input], { to: DATA_TYPES[to] })
  }

  /** A constant: a number without dimensions, or a list of them. A `Constant` node, which files of every version may have. */
  constant(type: keyof typeof ELEMENT_BYTES, value: number | readonly number[]): string {
    const key = `${type} ${JSON.stringify(value)}`
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const list = typeof value === 'number' ? [value] : value
    const raw = new Uint8Array(ELEMENT_BYTES[type](list).buffer)
    const tensor = [
      ...(typeof value === 'number' ? [] : integer(1, list.length)),
      ...integer(2, DATA_TYPES[type]),
      ...bytesField(9, raw),
    ]
    const output = this.#newName()
    this.#add('Constant', [], output, attribute('value', TENSOR, bytesField(5, tensor)))
    this.#constants.set(key, output)
    return output
  }

  /** Makes a value of float32 an output of the graph. */
  output(name: string): void {
    const tensorType = bytesField(1, integer(1, DATA_TYPES.float32))
    this.#parts.push(bytesField(12, [...text(1, name), ...bytesField(2, tensorType)]))
  }

  /** A `ModelProto` with everything added. */
  toBytes(): Uint8Array {
    const graph = this.#parts.flat()
    const missing = this.#microsoft && !this.#scan.opsets.has(MICROSOFT)
    const opset = missing ? bytesField(8, [...text(1, MICROSOFT), ...integer(2, 1)]) : []
    return Uint8Array.from([...varint(7 * 8 + 2), ...varint(graph.length)].concat(graph, opset))
  }

  #newName(): string {
    return `${this.#prefix}_${String(this.#values++)}`
  }

  #add(op: string, inputs: readonly string[], output: string, rest: readonly number[]): void {
    const names = inputs.flatMap((name) => text(1, name))
    this.#parts.push(bytesField(1, [...names, ...text(2, output), ...text(4, op), ...rest]))
  }
}
