/** Where the weights lie in the encoder's memory. The structures are those of `assembly/layout.ts`, field by field. */

import type { Pooling } from '../models/recipe.ts'
import type { BertSource } from './bert/bert-weights.ts'
import { MemoryArena, WEIGHTS_START, type LinearPlan, type NormPlan } from './memory-arena.ts'
import { UnsupportedModelError } from './unsupported-model.ts'

/** Sums over the tokens of a probability (below 2^14) and a value (up to 127) stay within int32 up to 1,032 tokens. */
export const LONGEST_TEXT = 1024

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

/** What a run has to know of packed weights. Plain data, so that it can cross to another worker of the same memory. */
export interface PackedModel {
  hidden: number
  inner: number
  heads: number
  layerCount: number
  /** Address of the layers' addresses. */
  table: number
  words: number
  wordScales: number
  wordBlock: number
  positions: number
  /** Address of the normalisation of word and position vectors. */
  norm: number
  /** Place in the list of pooling modes. */
  pooling: number
  vocabulary: number
  /** Tokens of the longest text. */
  longest: number
  /** Token whose positions are not counted; -1: none. */
  paddingId: number
  /** Inputs of the second feed-forward matrices that share a scale, at most. */
  block: number
  /** First address behind the weights. */
  end: number
}

/** Where the weights go. */
export interface WeightsPlan {
  model: PackedModel
  /** Rows of the position table. */
  positionRows: number
  embeddingNorm: NormPlan
  layers: readonly LayerPlan[]
  /** Writes the structures, after packing. */
  arena: MemoryArena
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new UnsupportedModelError('shape', message)
}

/** Whether the encoder has matrices of such widths. @throws UnsupportedModelError where it has not */
export function checkWidths({ hidden, inner, heads }: Pick<PackedModel, 'hidden' | 'inner' | 'heads'>): void {
  const widths = [
    ['width', hidden, 32, 4096],
    ['feed-forward width', inner, 32, 16_384],
    ['head size', hidden / heads, 16, 256],
  ] as const
  for (const [name, width, step, most] of widths) {
    check(
      width > 0 && width % step === 0 && width <= most,
      `a ${name} of ${String(width)} is no multiple of ${String(step)} up to ${String(most)}`,
    )
  }
}

function checkShapes(source: BertSource): void {
  const { hidden, inner, words, positions, types, layers } = source
  checkWidths(source)
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
    const matrices = [
      ...[query, key, value, output].map((linear) => [linear, hidden, hidden] as const),
      [up, hidden, inner],
      [down, inner, hidden],
    ] as const
    for (const [linear, inputs, outputs] of matrices) {
      check(
        linear.inputs === inputs && linear.outputs === outputs,
        `a matrix is ${String(linear.inputs)} × ${String(linear.outputs)}, not ${String(inputs)} × ${String(outputs)}`,
      )
    }
  }
}

/** Rows of the position table that no text gets: padding has one of its own in front. */
const spareRows = ({ paddingId }: BertSource): number => (paddingId === null ? 0 : 1)

/** Tokens of the longest text that an encoder of these weights takes. */
export function longestText(source: BertSource): number {
  return Math.min(source.positions.rows - spareRows(source), LONGEST_TEXT)
}

/**
 * Lays out the weights of a model.
 *
 * @throws UnsupportedModelError where a shape is none that the encoder has
 */
export function planWeights(source: BertSource): WeightsPlan {
  checkShapes(source)
  const { hidden, inner, heads, words } = source
  const arena = new MemoryArena(WEIGHTS_START)
  const longest = longestText(source)
  const positionRows = longest + spareRows(source)
  const wordBlock = words.scales === null ? WORD_BLOCK : words.block === 0 ? hidden : words.block
  const tables = {
    words: arena.allocate(words.rows * hidden),
    wordScales: arena.floats((words.rows * hidden) / wordBlock),
    wordBlock,
    positions: arena.floats(positionRows * hidden),
  }
  const embeddingNorm = arena.norm(source.embeddingNorm)
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
  const norm = arena.normStructure(embeddingNorm)
  const model: PackedModel = {
    ...tables,
    hidden,
    inner,
    heads,
    layerCount: layers.length,
    table,
    norm,
    pooling: POOLING.indexOf(source.pooling),
    vocabulary: words.rows,
    longest,
    paddingId: source.paddingId ?? -1,
    block: Math.max(...layers.map(({ down }) => down.block)),
    end: arena.next,
  }
  return {
    model,
    positionRows,
    embeddingNorm,
    layers,
    arena,
  }
}
