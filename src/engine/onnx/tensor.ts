/** Constants of an ONNX file: shape, element type, and a view of the bytes. */

import { OnnxFileError } from './onnx-file-error.ts'
import type { Message } from './protobuf.ts'

/** Element types by their number in `TensorProto.DataType` (onnx.proto3), those that weights and indices have. */
const ELEMENT_TYPES = {
  1: { type: 'float32', bytes: 4 },
  2: { type: 'uint8', bytes: 1 },
  3: { type: 'int8', bytes: 1 },
  6: { type: 'int32', bytes: 4 },
  7: { type: 'int64', bytes: 8 },
  9: { type: 'bool', bytes: 1 },
  10: { type: 'float16', bytes: 2 },
} as const

export type ElementType = (typeof ELEMENT_TYPES)[keyof typeof ELEMENT_TYPES]['type'] | 'other'

export interface OnnxTensor {
  name: string
  type: ElementType
  dims: readonly number[]
  /** Elements; the product of `dims`. */
  size: number
  /** Little-endian elements, `size` of them; a view of the file where it has them so. Empty for `other`. */
  bytes: Uint8Array
}

/** The element type of a number of `TensorProto.DataType`. */
export function elementTypeOf(dataType: number): ElementType {
  return knownElement(dataType)?.type ?? 'other'
}

function knownElement(dataType: number): (typeof ELEMENT_TYPES)[keyof typeof ELEMENT_TYPES] | undefined {
  return Object.hasOwn(ELEMENT_TYPES, dataType)
    ? ELEMENT_TYPES[dataType as keyof typeof ELEMENT_TYPES]
    : undefined
}

interface RawTensor {
  name: string
  dataType: number
  dims: number[]
  raw: Uint8Array | null
  floats: number[]
  int32s: number[]
  int64s: number[]
  external: boolean
}

/** Reads a `TensorProto`. @throws OnnxFileError */
export function readTensor(message: Message): OnnxTensor {
  const tensor: RawTensor = {
    name: '',
    dataType: 0,
    dims: [],
    raw: null,
    floats: [],
    int32s: [],
    int64s: [],
    external: false,
  }
  while (message.next()) {
    if (message.field === 1) message.integersInto(tensor.dims)
    else if (message.field === 2) tensor.dataType = message.integer()
    else if (message.field === 4) message.floatsInto(tensor.floats)
    else if (message.field === 5) message.integersInto(tensor.int32s)
    else if (message.field === 7) message.integersInto(tensor.int64s)
    else if (message.field === 8) tensor.name = message.text()
    else if (message.field === 9) tensor.raw = message.bytes()
    else if (message.field === 14) tensor.external = message.integer() === 1
    else message.skip()
  }
  return finishTensor(tensor)
}

function finishTensor(raw: RawTensor): OnnxTensor {
  const { name, dims } = raw
  if (raw.external) {
    throw new OnnxFileError(`the tensor ${name} lies in another file`)
  }
  if (dims.some((dim) => dim < 0 || dim > 2 ** 31)) {
    throw new OnnxFileError(`the tensor ${name} has the dimensions ${dims.join(' × ')}`)
  }
  const size = dims.reduce((product, dim) => product * dim, 1)
  const element = knownElement(raw.dataType)
  if (element === undefined) return { name, dims, size, type: 'other', bytes: new Uint8Array(0) }
  const bytes = raw.raw ?? listedBytes(raw, element.type)
  if (bytes.length !== size * element.bytes) {
    throw new OnnxFileError(
      `the tensor ${name} has ${String(bytes.length)} bytes for ${dims.join(' × ')} of ${element.type}`,
    )
  }
  return { name, dims, size, type: element.type, bytes }
}

/** Elements given as a list of numbers instead of raw bytes: small tensors mostly. */
function listedBytes({ floats, int32s, int64s }: RawTensor, type: ElementType): Uint8Array {
  if (type === 'float32') return new Uint8Array(Float32Array.from(floats).buffer)
  if (type === 'int64') {
    const out = new DataView(new ArrayBuffer(int64s.length * 8))
    for (const [index, value] of int64s.entries()) {
      out.setInt32(index * 8, value % 2 ** 32, true)
      out.setInt32(index * 8 + 4, Math.floor(value / 2 ** 32), true)
    }
    return new Uint8Array(out.buffer)
  }
  if (type === 'int32') return new Uint8Array(Int32Array.from(int32s).buffer)
  if (type === 'float16') return new Uint8Array(Uint16Array.from(int32s).buffer)
  return Uint8Array.from(int32s)
}

/** The elements as numbers; for tensors that are not large. Null for types that are not numbers. */
export function numbersOf(tensor: OnnxTensor): Float64Array | null {
  const { bytes, type, size } = tensor
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const read: Record<ElementType, ((index: number) => number) | null> = {
    float32: (index) => view.getFloat32(index * 4, true),
    float16: (index) => halfToNumber(view.getUint16(index * 2, true)),
    int64: (index) => view.getInt32(index * 8 + 4, true) * 2 ** 32 + view.getUint32(index * 8, true),
    int32: (index) => view.getInt32(index * 4, true),
    int8: (index) => view.getInt8(index),
    uint8: (index) => view.getUint8(index),
    bool: null,
    other: null,
  }
  const element = read[type]
  if (element === null) return null
  const numbers = new Float64Array(size)
  for (let index = 0; index < size; index++) numbers[index] = element(index)
  return numbers
}

/** IEEE 754 half precision. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 31
  const fraction = half & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
