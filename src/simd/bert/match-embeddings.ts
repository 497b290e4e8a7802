/** The sum of word, position and type vectors at the start. */

import type { OnnxNode } from '../../engine/onnx/graph.ts'
import { numbersOf, type OnnxTensor } from '../../engine/onnx/tensor.ts'
import type { TableSource } from './bert-weights.ts'
import type { GraphWalk } from './graph-walk.ts'

export interface EmbeddingsMatch {
  words: TableSource
  positions: TableSource
  types: TableSource | null
}

/** A table, and the value that chooses its rows; for positions also the slice itself. */
interface Lookup {
  table: TableSource
  indices: string
}

/** Most positions that a table may have. */
const MOST_POSITIONS = 131_072

/** Null when the terms are not words, positions and perhaps types. */
export function matchEmbeddings(walk: GraphWalk, terms: readonly string[]): EmbeddingsMatch | null {
  let words: TableSource | null = null
  let positions: TableSource | null = null
  let types: TableSource | null = null
  for (const term of flattenSum(walk, terms)) {
    const sliced = matchSlicedTable(walk, walk.node(term, 'Slice'))
    const lookup = sliced === null ? matchLookup(walk, term) : null
    if (sliced !== null && positions === null) positions = sliced
    else if (lookup?.indices === 'input_ids' && words === null) words = lookup.table
    else if (lookup?.indices === 'token_type_ids' && types === null) types = lookup.table
    else if (lookup !== null && positions === null && countsPositions(walk, lookup)) positions = lookup.table
    else return null
  }
  return words === null || positions === null ? null : { words, positions, types }
}

function flattenSum(walk: GraphWalk, terms: readonly string[]): string[] {
  const leaves: string[] = []
  const pending = [...terms]
  // Three terms need two additions at most; a damaged file may add a value to itself without end.
  for (let step = 0; step < 8; step++) {
    const term = pending.pop()
    if (term === undefined) return leaves
    const add = walk.node(term, 'Add')
    if (add === null) leaves.push(term)
    else pending.push(...add.inputs)
  }
  return []
}

function matchLookup(walk: GraphWalk, value: string): Lookup | null {
  return (
    matchFloat(walk, walk.node(value, 'Gather')) ??
    matchDequantized(walk, walk.node(value, 'DequantizeLinear')) ??
    matchRowScaled(walk, walk.node(value, 'Mul')) ??
    matchBlocks(walk, walk.node(value, 'com.microsoft.GatherBlockQuantized'))
  )
}

function isFloat(tensor: OnnxTensor | null): boolean {
  return tensor?.type === 'float32' || tensor?.type === 'float16'
}

function isByte(tensor: OnnxTensor | null): boolean {
  return tensor?.type === 'uint8' || tensor?.type === 'int8'
}

/** The table of a `Gather` of whole rows, and what it reads. */
function gathered(walk: GraphWalk, node: OnnxNode | null): { values: OnnxTensor; indices: string } | null {
  const values = walk.constant(node?.inputs[0])
  const indices = node?.inputs[1]
  const axis = node?.attributes.get('axis')?.integer ?? 0
  if (values?.dims.length !== 2 || indices === undefined || axis !== 0) return null
  return { values, indices }
}

function tableOf(values: OnnxTensor, scales: OnnxTensor | null, block: number, zeroPoint: number): TableSource {
  const [rows = 0, width = 0] = values.dims
  return { values, rows, width, scales, block, zeroPoint }
}

function matchFloat(walk: GraphWalk, node: OnnxNode | null): Lookup | null {
  const found = gathered(walk, node)
  if (found === null || !isFloat(found.values)) return null
  return { table: tableOf(found.values, null, 0, 0), indices: found.indices }
}

/** One scale for the whole table. */
function matchDequantized(walk: GraphWalk, node: OnnxNode | null): Lookup | null {
  const found = gathered(walk, walk.node(node?.inputs[0], 'Gather'))
  const scales = walk.constant(node?.inputs[1])
  const zeroPoint = node?.inputs[2] === undefined ? 0 : walk.scalar(node.inputs[2])
  if (found === null || !isByte(found.values) || zeroPoint === null) return null
  if (scales?.size !== 1 || scales.type !== 'float32') return null
  return { table: tableOf(found.values, scales, 0, zeroPoint), indices: found.indices }
}

/** int8 rows times a scale for each row, both looked up. */
function matchRowScaled(walk: GraphWalk, node: OnnxNode | null): Lookup | null {
  for (const [rows, factors] of walk.bothWays(node)) {
    const found = gathered(walk, walk.node(rows, 'Gather'))
    const scales = gathered(walk, walk.node(factors, 'Gather'))
    if (found?.values.type !== 'int8' || scales?.values.type !== 'float32') continue
    const { values, indices } = found
    if (!walk.same(indices, scales.indices) || scales.values.dims.join() !== `${String(values.dims[0])},1`)
      continue
    return { table: tableOf(values, scales.values, values.dims[1] ?? 0, 0), indices }
  }
  return null
}

function matchBlocks(walk: GraphWalk, node: OnnxNode | null): Lookup | null {
  const integer = (name: string): number => node?.attributes.get(name)?.integer ?? 0
  const found = gathered(walk, node)
  const scales = walk.constant(node?.inputs[2])
  const block = integer('block_size')
  if (node === null || found?.values.type !== 'uint8' || scales?.type !== 'float32') return null
  if (integer('bits') !== 8 || integer('gather_axis') !== 0 || integer('quantize_axis') !== 1) return null
  if ((node.inputs[3] ?? '') !== '' || block < 16 || scales.size * block !== found.values.size) return null
  return { table: tableOf(found.values, scales, block, 128), indices: found.indices }
}

/** The first rows of a table, as many as the text has tokens. */
function matchSlicedTable(walk: GraphWalk, node: OnnxNode | null): TableSource | null {
  const values = walk.constant(node?.inputs[0])
  const axis = node?.inputs[3] === undefined ? 0 : walk.scalar(node.inputs[3])
  if (node === null || values === null || !isFloat(values) || !startsAtZero(walk, node)) return null
  const dims = values.dims.length === 3 && values.dims[0] === 1 ? values.dims.slice(1) : values.dims
  if (dims.length !== 2 || axis !== values.dims.length - 2 || !endsAtLength(walk, node.inputs[2])) return null
  return tableOf({ ...values, dims }, null, 0, 0)
}

function startsAtZero(walk: GraphWalk, node: OnnxNode): boolean {
  const step = node.inputs[4] === undefined ? 1 : walk.scalar(node.inputs[4])
  return walk.scalar(node.inputs[1]) === 0 && step === 1
}

/** True for the second dimension of the token ids: the number of tokens. */
function endsAtLength(walk: GraphWalk, value: string | undefined): boolean {
  const whole = walk.node(value, 'Shape')
  if (whole !== null) {
    const from = whole.attributes.get('start')?.integer ?? 0
    return from === 1 && whole.attributes.get('end')?.integer === 2 && walk.same(whole.inputs[0], 'input_ids')
  }
  const unsqueezed = walk.node(value, 'Unsqueeze')
  const chosen = walk.node(unsqueezed?.inputs[0] ?? value, 'Gather')
  const shape = walk.node(chosen?.inputs[0], 'Shape')
  return walk.scalar(chosen?.inputs[1]) === 1 && walk.same(shape?.inputs[0], 'input_ids')
}

/** True when the rows 0, 1, 2, … are looked up, as many as the text has tokens. */
function countsPositions(walk: GraphWalk, lookup: Lookup): boolean {
  const slice = walk.node(lookup.indices, 'Slice')
  const ids = walk.constant(slice?.inputs[0])
  if (slice === null || ids === null || ids.size > MOST_POSITIONS || ids.size < lookup.table.rows) return false
  const axis = slice.inputs[3] === undefined ? 0 : walk.scalar(slice.inputs[3])
  if (axis !== ids.dims.length - 1 || !startsAtZero(walk, slice) || !endsAtLength(walk, slice.inputs[2]))
    return false
  return numbersOf(ids)?.every((id, index) => id === index) ?? false
}
