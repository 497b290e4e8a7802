/**
 * Reads an ONNX file without its weights: who computes which value from what, and where in the file it stands. Field
 * numbers are those of onnx.proto3.
 */

import { EmbeddingsError } from '../../openai/errors.ts'
import { addExternalData, readEntry } from './external-data.ts'
import type { GraphInterface, GraphValue } from './graph-interface.ts'
import { readValue } from './graph-value.ts'
import { OnnxFileError } from './onnx-file-error.ts'
import { Message } from './protobuf.ts'
import { elementTypeOf, type ElementType } from './tensor.ts'

/** A node of the main graph. */
export interface ScannedNode {
  /** Operator, with its domain in front unless that is ONNX's own. */
  op: string
  inputs: readonly string[]
  outputs: readonly string[]
  /** Attributes that are whole numbers. */
  integers: ReadonlyMap<string, number>
  /** Where the node's field begins, in bytes from the file's start. */
  start: number
}

/** A constant without its elements. */
export interface ScannedTensor {
  type: ElementType
  dims: readonly number[]
}

/** The file without its weights. */
export interface GraphScan extends GraphInterface {
  nodes: readonly ScannedNode[]
  /** Initializers and `Constant` nodes, by name. */
  constants: ReadonlyMap<string, ScannedTensor>
  /** Where the field of each output begins, in the order of `outputs`. */
  outputStarts: readonly number[]
  /** Every name that a value has, inside branches and loops too. */
  names: ReadonlySet<string>
  /** Names of values that are read inside branches and loops, where they may be those of the main graph. */
  readInside: ReadonlySet<string>
}

/** Graphs within graphs within graphs; deeper ones are no embedding model. */
const DEEPEST = 8

/**
 * What a graph takes, gives and is made of.
 *
 * @param file bytes of the ONNX file, untrusted; nothing of it is copied but names
 * @throws EmbeddingsError `bad_model_file`
 */
export function readGraphInterface(file: Uint8Array): GraphInterface {
  return scanGraph(file)
}

/** As `readGraphInterface`, with the nodes and where they stand. @throws EmbeddingsError `bad_model_file` */
export function scanGraph(file: Uint8Array): GraphScan {
  try {
    return new Scanner(file).scan()
  } catch (error) {
    if (!(error instanceof OnnxFileError)) throw error
    throw new EmbeddingsError('bad_model_file', `The model file cannot be read: ${error.message}.`, {
      cause: error,
    })
  }
}

class Scanner {
  readonly #file: Uint8Array
  readonly #inputs: GraphValue[] = []
  readonly #outputs: GraphValue[] = []
  readonly #outputStarts: number[] = []
  readonly #opsets = new Map<string, number>()
  readonly #operators = new Map<string, number>()
  readonly #external = new Map<string, number>()
  readonly #nodes: ScannedNode[] = []
  readonly #constants = new Map<string, ScannedTensor>()
  readonly #names = new Set<string>()
  readonly #readInside = new Set<string>()

  constructor(file: Uint8Array) {
    this.#file = file
  }

  scan(): GraphScan {
    const model = new Message(this.#file)
    while (model.next()) {
      // More than once where something was appended to the file: protobuf merges the parts.
      if (model.field === 7) this.#graph(model.message(), 0)
      else if (model.field === 8) this.#opset(model.message())
      else if (model.field === 25) this.#function(model.message())
      else model.skip()
    }
    if (this.#nodes.length === 0) throw new OnnxFileError('the file has no graph')
    return {
      inputs: this.#inputs.filter(({ name }) => !this.#constants.has(name)),
      outputs: this.#outputs,
      outputStarts: this.#outputStarts,
      opsets: this.#opsets,
      operators: this.#operators,
      externalData: [...this.#external].map(([path, bytes]) => ({ path, bytes })),
      nodes: this.#nodes,
      constants: this.#constants,
      names: this.#names,
      readInside: this.#readInside,
    }
  }

  #opset(message: Message): void {
    let domain = ''
    let version = 0
    while (message.next()) {
      if (message.field === 1) domain = message.text()
      else if (message.field === 2) version = message.integer()
      else message.skip()
    }
    this.#opsets.set(domain === 'ai.onnx' ? '' : domain, version)
  }

  /** A `FunctionProto`: of its nodes only the operators count. */
  #function(message: Message): void {
    while (message.next()) {
      if (message.field === 7) this.#node(message.message(), 0, 1)
      else message.skip()
    }
  }

  #graph(graph: Message, depth: number): void {
    if (depth > DEEPEST) throw new OnnxFileError(`graphs lie more than ${String(DEEPEST)} deep in each other`)
    while (graph.next()) {
      const start = graph.fieldStart - this.#file.byteOffset
      if (graph.field === 1) this.#node(graph.message(), start, depth)
      else if (graph.field === 5) this.#initializer(graph.message(), depth)
      else if (graph.field === 15) this.#sparse(graph.message())
      else if (graph.field === 11) this.#value(graph.message(), depth, this.#inputs)
      else if (graph.field === 12) {
        if (depth === 0) this.#outputStarts.push(start)
        this.#value(graph.message(), depth, this.#outputs)
      } else graph.skip()
    }
  }

  #node(message: Message, start: number, depth: number): void {
    const inputs: string[] = []
    const outputs: string[] = []
    const integers = new Map<string, number>()
    let type = ''
    let domain = ''
    let constant: ScannedTensor | null = null
    while (message.next()) {
      if (message.field === 1) inputs.push(message.text())
      else if (message.field === 2) outputs.push(message.text())
      else if (message.field === 4) type = message.text()
      else if (message.field === 5) constant = this.#attribute(message.message(), integers, depth) ?? constant
      else if (message.field === 7) domain = message.text()
      else message.skip()
    }
    const op = domain === '' || domain === 'ai.onnx' ? type : `${domain}.${type}`
    this.#operators.set(op, (this.#operators.get(op) ?? 0) + 1)
    for (const name of outputs) this.#names.add(name)
    if (depth > 0) {
      for (const name of inputs) this.#readInside.add(name)
      return
    }
    this.#nodes.push({ op, inputs, outputs, integers, start })
    if (op === 'Constant' && constant !== null && outputs[0] !== undefined)
      this.#constants.set(outputs[0], constant)
  }

  /** The tensor that the attribute is, if any. */
  #attribute(message: Message, integers: Map<string, number>, depth: number): ScannedTensor | null {
    let name = ''
    let tensor: ScannedTensor | null = null
    let integer: number | null = null
    while (message.next()) {
      if (message.field === 1) name = message.text()
      else if (message.field === 3) integer = message.integer()
      else if (message.field === 5 || message.field === 10) tensor = this.#tensor(message.message()).tensor
      else if (message.field === 6 || message.field === 11) this.#graph(message.message(), depth + 1)
      else if (message.field === 22 || message.field === 23) this.#sparse(message.message())
      else message.skip()
    }
    if (integer !== null) integers.set(name, integer)
    return tensor
  }

  #initializer(message: Message, depth: number): void {
    const { name, tensor } = this.#tensor(message)
    this.#names.add(name)
    if (depth === 0) this.#constants.set(name, tensor)
  }

  /** A `SparseTensorProto`: values and indices are tensors. */
  #sparse(message: Message): void {
    while (message.next()) {
      if (message.field === 1 || message.field === 2) this.#tensor(message.message())
      else message.skip()
    }
  }

  #tensor(message: Message): { name: string; tensor: ScannedTensor } {
    const dims: number[] = []
    const entries = new Map<string, string>()
    let name = ''
    let type: ElementType = 'other'
    while (message.next()) {
      if (message.field === 1) message.integersInto(dims)
      else if (message.field === 2) type = elementTypeOf(message.integer())
      else if (message.field === 8) name = message.text()
      else if (message.field === 13) readEntry(message.message(), entries)
      else message.skip()
    }
    if (entries.size > 0) addExternalData(this.#external, name, entries)
    return { name, tensor: { type, dims } }
  }

  #value(message: Message, depth: number, list: GraphValue[]): void {
    const value = readValue(message)
    this.#names.add(value.name)
    if (depth === 0) list.push(value)
    else this.#readInside.add(value.name)
  }
}
