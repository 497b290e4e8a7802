/** The sum of word, position and type vectors at the start. */

import type { OnnxNode } from '../../engine/onnx/graph.ts'
import type { OnnxTensor } from '../../engine/onnx/tensor.ts'
import type { TableSource } from './bert-weights.ts'
import type { GraphWalk } from './graph-walk.ts'
import { countsTokens, isFirstRow, paddingOfPositions, takesLength } from './match-positions.ts'

export interface EmbeddingsMatch {
  words: TableSource
  positions: TableSource
  types: TableSource | null
  paddingId: number | null
}

/** A table, and the value that chooses its rows; for positions also the slice itself. */
interface Lookup {
  table: TableSource
  indices: string
}

/** Null when the terms are not words, positions and perhaps types. */
export function matchEmbeddings(walk: GraphWalk, terms: readonly string[]): EmbeddingsMatch | null {
  let words: TableSource | null = null
  let positions: Positions | null = null
  let types: TableSource | null = null
  for (const term of flattenSum(walk, terms)) {
    const sliced = matchSlicedTable(walk, walk.node(term, 'Slice'))
    const lookup = sliced === null ? matchLookup(walk, term) : null
    const found = sliced === null ? matchPositions(walk, lookup) : { table: sliced, paddingId: null }
    if (found !== null && positions === null) positions = found
    else if (lookup === null) return null
    else if (walk.integers(lookup.indices) === 'input_ids' && words === null) words = lookup.table
    else if (types === null && isType(walk, lookup.indices)) types = lookup.table
    else return null
  }
  if (words === null || positions === null) return null
  return { words, positions: positions.table, types, paddingId: positions.paddingId }
}

interface Positions {
  table: TableSource
  paddingId: number | null
}

function isType(walk: GraphWalk, indices: string): boolean {
  // Texts are of the first type; so is whatever a graph without that input has in its place.
  return walk.integers(indices) === 'token_type_ids' || isFirstRow(walk, indices)
}

function matchPositions(walk: GraphWalk, lookup: Lookup | null): Positions | null {
  if (lookup === null) return null
  const { table, indices } = lookup
  if (countsTokens(walk, indices, table.rows)) return { table, paddingId: null }
  const paddingId = paddingOfPositions(walk, indices)
  if (paddingId === null || paddingId < 0 || paddingId + 1 >= table.rows || table.block !== 0) return null
  // The rows before the padding's are not used.
  const bytesPerRow = table.values.bytes.length / table.rows
  const rows = table.rows - paddingId
  const values = {
    ...table.values,
    bytes: table.values.bytes.subarray(paddingId * bytesPerRow),
    dims: [rows, table.width],
    size: rows * table.width,
  }
  return { table: { ...table, values, rows }, paddingId }
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
  if (node === null || values === null || !isFloat(values) || !takesLength(walk, node)) return null
  const dims = values.dims.length === 3 && values.dims[0] === 1 ? values.dims.slice(1) : values.dims
  if (dims.length !== 2 || axis !== values.dims.length - 2) return null
  return tableOf({ ...values, dims }, null, 0, 0)
}
