/** Reads the inputs and outputs that a graph declares. Field numbers are those of onnx.proto3. */

import type { Dimension, GraphValue } from './graph-interface.ts'
import type { Message } from './protobuf.ts'
import { elementTypeOf } from './tensor.ts'

/** A `ValueInfoProto`: the name, and of its type the tensor's. */
export function readValue(info: Message): GraphValue {
  const value: GraphValue = { name: '', type: 'other', dims: null }
  while (info.next()) {
    if (info.field === 1) value.name = info.text()
    else if (info.field === 2) readType(info.message(), value)
    else info.skip()
  }
  return value
}

/** A `TypeProto`, where it is a tensor's. */
function readType(type: Message, value: GraphValue): void {
  while (type.next()) {
    if (type.field !== 1) {
      type.skip()
      continue
    }
    const tensor = type.message()
    while (tensor.next()) {
      if (tensor.field === 1) value.type = elementTypeOf(tensor.integer())
      else if (tensor.field === 2) value.dims = readShape(tensor.message())
      else tensor.skip()
    }
  }
}

/** A `TensorShapeProto`. */
function readShape(shape: Message): Dimension[] {
  const dims: Dimension[] = []
  while (shape.next()) {
    if (shape.field === 1) dims.push(readDimension(shape.message()))
    else shape.skip()
  }
  return dims
}

function readDimension(message: Message): Dimension {
  let dimension: Dimension = null
  while (message.next()) {
    if (message.field === 1) {
      const size = message.integer()
      dimension = Number.isSafeInteger(size) && size >= 0 ? size : null
    } else if (message.field === 2) dimension = message.text() || null
    else message.skip()
  }
  return dimension
}
