/** An ONNX file as a graph: who computes a value, and which values are constant. Field numbers are those of onnx.proto3. */

import { OnnxFileError } from './onnx-file-error.ts'
import { Message } from './protobuf.ts'
import { readTensor, type OnnxTensor } from './tensor.ts'

export interface OnnxAttribute {
  float: number | undefined
  integer: number | undefined
  text: string | undefined
  integers: readonly number[]
  tensor: OnnxTensor | undefined
}

export interface OnnxNode {
  /** Operator, with its domain in front unless that is ONNX's own: `MatMul`, `com.microsoft.MatMulNBits`. */
  op: string
  inputs: readonly string[]
  outputs: readonly string[]
  attributes: ReadonlyMap<string, OnnxAttribute>
}

export interface OnnxGraph {
  /** Names of the graph's inputs that are not constants. */
  inputs: ReadonlySet<string>
  /** By the name of a value: the node that computes it. */
  producers: ReadonlyMap<string, OnnxNode>
  /** By the name of a value: its constant, from an initializer or a `Constant` node. */
  constants: ReadonlyMap<string, OnnxTensor>
}

interface GraphParts {
  inputs: Set<string>
  producers: Map<string, OnnxNode>
  constants: Map<string, OnnxTensor>
}

/**
 * Reads an ONNX file; tensors are views of its bytes.
 *
 * @param file untrusted
 * @throws OnnxFileError
 */
export function readOnnx(file: Uint8Array): OnnxGraph {
  const parts: GraphParts = { inputs: new Set(), producers: new Map(), constants: new Map() }
  const model = new Message(file)
  while (model.next()) {
    // More than once where something was appended to the file: protobuf merges the parts.
    if (model.field === 7) readGraph(model.message(), parts)
    else model.skip()
  }
  if (parts.producers.size === 0) throw new OnnxFileError('the file has no graph')
  for (const name of parts.constants.keys()) parts.inputs.delete(name)
  return parts
}

function readGraph(graph: Message, parts: GraphParts): void {
  while (graph.next()) {
    if (graph.field === 1) addNode(readNode(graph.message()), parts)
    else if (graph.field === 5) {
      const tensor = readTensor(graph.message())
      parts.constants.set(tensor.name, tensor)
    } else if (graph.field === 11) parts.inputs.add(readName(graph.message()))
    else graph.skip()
  }
}

function addNode(node: OnnxNode, parts: GraphParts): void {
  const output = node.outputs[0]
  const value = node.attributes.get('value')?.tensor
  if (node.op === 'Constant' && output !== undefined && value !== undefined) parts.constants.set(output, value)
  else for (const name of node.outputs) parts.producers.set(name, node)
}

/** The name of a `ValueInfoProto`. */
function readName(info: Message): string {
  let name = ''
  while (info.next()) {
    if (info.field === 1) name = info.text()
    else info.skip()
  }
  return name
}

function readNode(message: Message): OnnxNode {
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes = new Map<string, OnnxAttribute>()
  let op = ''
  let domain = ''
  while (message.next()) {
    if (message.field === 1) inputs.push(message.text())
    else if (message.field === 2) outputs.push(message.text())
    else if (message.field === 4) op = message.text()
    else if (message.field === 5) attributes.set(...readAttribute(message.message()))
    else if (message.field === 7) domain = message.text()
    else message.skip()
  }
  const own = domain === '' || domain === 'ai.onnx'
  return { op: own ? op : `${domain}.${op}`, inputs, outputs, attributes }
}

function readAttribute(message: Message): [string, OnnxAttribute] {
  let name = ''
  const integers: number[] = []
  const attribute: OnnxAttribute = {
    float: undefined,
    integer: undefined,
    text: undefined,
    integers,
    tensor: undefined,
  }
  while (message.next()) {
    if (message.field === 1) name = message.text()
    else if (message.field === 2) attribute.float = message.float()
    else if (message.field === 3) attribute.integer = message.integer()
    else if (message.field === 4) attribute.text = message.text()
    else if (message.field === 5) attribute.tensor = readTensor(message.message())
    else if (message.field === 8) message.integersInto(integers)
    else message.skip()
  }
  return [name, attribute]
}
