/** Where everything lies in the encoder's memory. The structures are those of `assembly/layout.ts`, field by field. */

import type { Pooling } from '../models/recipe.ts'
import type { BertSource } from './bert/bert-weights.ts'
import { LEAST_BLOCK, MemoryArena, type LinearPlan, type NormPlan } from './memory-arena.ts'
import { UnsupportedModelError } from './unsupported-model.ts'

/** Rows of the feed-forward layer that are computed together; the same number is in `assembly/layout.ts`. */
const INNER_ROWS = 64

/** Sums over the tokens of a probability (below 2^14) and a value (up to 127) stay within int32 up to 1,032 tokens. */
const LONGEST_TEXT = 1024

/** Neighbours that share a scale, in tables that are rounded here: divides every width. */
const WORD_BLOCK = 32

/** What the pooling modes are called in the module: their places here. */
const POOLING: readonly Pooling[] = ['mean', 'cls', 'last']

export interface LayerPlan {
  qkv: LinearPlan
  output: LinearPlan
  outputNorm: NormPlan
  up: LinearPlan
  down: LinearPlan
  downNorm: NormPlan
}

export interface EncoderPlan {
  /** Address of the `Encoder` structure. */
  address: number
  words: number
  wordScales: number
  wordBlock: number
  /** Tokens of the longest text. */
  longest: number
  positions: number
  /** Rows of the position table. */
  positionRows: number
  embeddingNorm: NormPlan
  layers: readonly LayerPlan[]
  ids: number
  /** Address of the rows of the position table that the tokens get. */
  places: number
  lengths: number
  vectors: number
  /** Address of the field that chooses how dot products are computed. */
  fused: number
  /** Most tokens of all texts of a run. */
  capacity: number
  /** While weights are packed: free memory from here on, for what is packed next. A run uses it for its buffers. */
  staging: number
  /** Bytes of the whole memory. */
  bytes: number
  /** Writes the structures; to be called once, after packing. */
  write: (memory: ArrayBuffer) => void
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new UnsupportedModelError('shape', message)
}

function checkShapes(source: BertSource): void {
  const { hidden, inner, heads, words, positions, types, layers } = source
  check(hidden % 32 === 0 && hidden <= 4096, `a width of ${String(hidden)} is no multiple of 32 up to 4096`)
  check(
    inner % 32 === 0 && inner <= 16_384,
    `a feed-forward width of ${String(inner)} is no multiple of 32 up to 16384`,
  )
  const headSize = hidden / heads
  check(
    headSize % 16 === 0 && headSize <= 256,
    `a head size of ${String(headSize)} is no multiple of 16 up to 256`,
  )
  for (const table of [words, positions, ...(types === null ? [] : [types])]) {
    check(
      table.width === hidden,
      `an embedding table has the width ${String(table.width)}, not ${String(hidden)}`,
    )
    check(
      table.rows > 0 && table.block % 8 === 0 && hidden % (table.block || hidden) === 0,
      'an embedding table has an odd shape',
    )
  }
  for (const { query, key, value, output, up, down } of layers) {
    for (const linear of [query, key, value, output]) {
      check(linear.inputs === hidden && linear.outputs === hidden, 'an attention matrix is not width × width')
    }
    check(up.inputs === hidden && up.outputs === inner, 'the first feed-forward matrices differ in shape')
    check(down.inputs === inner && down.outputs === hidden, 'the second feed-forward matrices differ in shape')
  }
}

/** Rows of the position table that no text gets: padding has one of its own in front. */
const spareRows = ({ paddingId }: BertSource): number => (paddingId === null ? 0 : 1)

/** Tokens of the longest text that an encoder of these weights takes. */
export function longestText(source: BertSource): number {
  return Math.min(source.positions.rows - spareRows(source), LONGEST_TEXT)
}

/**
 * Lays out the memory for a model.
 *
 * @param stagingBytes most that packing needs at a time
 * @throws UnsupportedModelError where a shape is none that the encoder has
 */
export function planEncoder(source: BertSource, stagingBytes: number): EncoderPlan {
  checkShapes(source)
  const { hidden, inner, heads, words } = source
  const arena = new MemoryArena()
  const longest = longestText(source)
  const positionRows = longest + spareRows(source)
  const wordBlock = words.scales === null ? WORD_BLOCK : words.block === 0 ? hidden : words.block
  const tables = {
    words: arena.allocate(words.rows * hidden),
    wordScales: arena.floats((words.rows * hidden) / wordBlock),
    wordBlock,
    longest,
    positions: arena.floats(positionRows * hidden),
    positionRows,
    embeddingNorm: arena.norm(source.embeddingNorm),
  }
  const layers = source.layers.map((layer): LayerPlan => ({
    qkv: arena.linear(layer.query, 3 * hidden),
    output: arena.linear(layer.output),
    outputNorm: arena.norm(layer.outputNorm),
    up: arena.linear(layer.up),
    down: arena.linear(layer.down),
    downNorm: arena.norm(layer.downNorm),
  }))
  const layerAddresses = layers.map((layer) =>
    arena.structure([
      arena.linearStructure(layer.qkv),
      arena.linearStructure(layer.output),
      arena.normStructure(layer.outputNorm),
      arena.linearStructure(layer.up),
      arena.linearStructure(layer.down),
      arena.normStructure(layer.downNorm),
    ]),
  )
  const table = arena.structure(layerAddresses)
  const norm = arena.normStructure(tables.embeddingNorm)
  const staging = arena.next
  const buffers = planBuffers(arena, source, tables.longest)
  const fields = [
    hidden,
    inner,
    heads,
    layers.length,
    table,
    tables.words,
    tables.wordScales,
    wordBlock,
    tables.positions,
    norm,
    POOLING.indexOf(source.pooling),
    ...buffers.fields,
  ]
  const address = arena.structure(fields)
  const bytes = Math.max(arena.next, staging + stagingBytes)
  const { ids, places, lengths, vectors, capacity } = buffers
  return {
    ...tables,
    layers,
    address,
    fused: address + (fields.length - 1) * 4,
    ids,
    places,
    lengths,
    vectors,
    capacity,
    staging,
    bytes,
    write: (memory) => {
      arena.write(memory)
    },
  }
}

/** Buffers of a run, and the fields of `Encoder` that hold them, in their order. */
function planBuffers(
  arena: MemoryArena,
  { hidden, inner, heads }: BertSource,
  longest: number,
): Pick<EncoderPlan, 'ids' | 'places' | 'lengths' | 'vectors' | 'capacity'> & { fields: readonly number[] } {
  // Attention reads up to three rows beyond a text.
  const capacity = longest + 4
  const padded = Math.ceil((longest + 1) / 16) * 16
  const headSize = hidden / heads
  const quantized = Math.max(capacity * hidden, INNER_ROWS * inner)
  const ids = arena.floats(2 * capacity)
  const lengths = arena.floats(capacity)
  const vectors = arena.floats(capacity * hidden)
  const fields = [
    ids,
    lengths,
    vectors,
    capacity,
    arena.floats(capacity * hidden),
    arena.floats(3 * capacity * hidden),
    arena.floats(capacity * hidden),
    arena.floats(INNER_ROWS * inner),
    arena.allocate(quantized),
    arena.allocate((quantized / LEAST_BLOCK) * 8),
    arena.floats(16 * Math.max(capacity, INNER_ROWS)),
    arena.allocate(padded * headSize),
    arena.allocate(padded * headSize),
    arena.floats(padded),
    arena.allocate(2 * padded * headSize),
    arena.floats(headSize),
    arena.floats(headSize),
    arena.floats(2 * padded),
    arena.allocate(4 * padded),
    padded,
    1,
  ]
  return { fields, ids, places: ids + capacity * 4, lengths, vectors, capacity: longest }
}
