/** The embedding tables from the file into the encoder's memory. */

import type { BertSource, TableSource } from './bert/bert-weights.ts'
import type { WeightsPlan } from './encoder-plan.ts'
import { numbersOf, type OnnxTensor } from '../engine/onnx/tensor.ts'
import type { PackTarget } from './pack-matrix.ts'

/** Rows of a float table that are packed at a time. */
const ROWS_AT_ONCE = 2048

/** Bytes that packing the tables needs besides the result. */
export function tableStagingBytes({ hidden }: BertSource): number {
  return ROWS_AT_ONCE * hidden * 6 + 128
}

/** Packs word, position and type tables. */
export function packTables(target: PackTarget, plan: WeightsPlan, source: BertSource): void {
  const { words, hidden } = source
  // A zero point other than the middle is the same number for every element: it can go into the positions.
  const shift = words.scales === null ? packFloatTable(target, plan, words) : packInt8Table(target, plan, words)
  const positions = rowsOf(source.positions, plan.positionRows)
  const type = source.types === null ? new Float32Array(hidden) : rowsOf(source.types, 1)
  for (let row = 0; row < positions.length; row += hidden) {
    for (let at = 0; at < hidden; at++)
      positions[row + at] = (positions[row + at] ?? 0) + (type[at] ?? 0) + shift
  }
  new Float32Array(target.memory, plan.model.positions, positions.length).set(positions)
}

/**
 * Copies a table of integers.
 *
 * @returns what is to be added to every element of a word's vector
 */
function packInt8Table({ exports, memory }: PackTarget, plan: WeightsPlan, table: TableSource): number {
  const { values, rows, width, zeroPoint } = table
  new Uint8Array(memory).set(values.bytes, plan.model.words)
  if (values.type === 'uint8') exports.toSigned(plan.model.words, rows * width)
  const given = table.scales === null ? [] : (numbersOf(table.scales) ?? [])
  const scales = new Float32Array(memory, plan.model.wordScales, (rows * width) / plan.model.wordBlock)
  if (table.block === 0) scales.fill(given[0] ?? 0)
  else scales.set(given)
  const middle = values.type === 'uint8' ? 128 : 0
  return zeroPoint === middle ? 0 : (middle - zeroPoint) * (scales[0] ?? 0)
}

/** Rounds a float table to int8, with a scale for each `wordBlock` neighbours. */
function packFloatTable(target: PackTarget, plan: WeightsPlan, table: TableSource): number {
  const { exports, memory, staging } = target
  const { values, rows, width } = table
  const bytesPerRow = (values.type === 'float16' ? 2 : 4) * width
  const blocks = width / plan.model.wordBlock
  for (let row = 0; row < rows; row += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, rows - row)
    const part = values.bytes.subarray(row * bytesPerRow, (row + count) * bytesPerRow)
    new Uint8Array(memory).set(part, staging)
    const floats = values.type === 'float16' ? staging + count * bytesPerRow : staging
    if (values.type === 'float16') exports.widenHalves(staging, floats, count * width)
    const to = plan.model.words + row * width
    exports.quantizeRows(
      floats,
      to,
      plan.model.wordScales + row * blocks * 4,
      count * blocks,
      plan.model.wordBlock,
    )
  }
  return 0
}

/** The first rows of a table as float32. */
function rowsOf(table: TableSource, count: number): Float32Array {
  const { values, width, zeroPoint, block } = table
  const bytes = values.bytes.subarray(0, (values.bytes.length / table.rows) * count)
  if (values.type === 'float32') return new Float32Array(bytes.slice().buffer)
  const part: OnnxTensor = { ...values, bytes, size: count * width }
  const rows = Float32Array.from(numbersOf(part) ?? [])
  if (table.scales === null) return rows
  const scales = numbersOf(table.scales) ?? new Float64Array(0)
  return rows.map((value, at) => (value - zeroPoint) * (scales[block === 0 ? 0 : Math.floor(at / block)] ?? 0))
}
