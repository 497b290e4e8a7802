/** What a graph asks for, and how a batch fills it. Pure. */

import { EmbeddingsError } from '../openai/errors.ts'
import type { PaddedBatch } from './batch.ts'

/** One input of a graph. */
export interface GraphInput {
  name: string
  /** Element type in ONNX's names: `int64`, `float16`, … */
  type: string
  /** A dimension that depends on the batch has a name or -1. */
  shape: readonly (number | string)[]
}

/** The content of one input, float16 as its bits. */
export type InputTensor =
  | { type: 'int64'; data: BigInt64Array<ArrayBuffer>; dims: readonly number[] }
  | { type: 'int32'; data: Int32Array<ArrayBuffer>; dims: readonly number[] }
  | { type: 'float32'; data: Float32Array<ArrayBuffer>; dims: readonly number[] }
  | { type: 'float16'; data: Uint16Array<ArrayBuffer>; dims: readonly number[] }

/** Makes one input of a batch. */
export type FillInput = (batch: PaddedBatch) => InputTensor

type BatchValues = (batch: PaddedBatch) => Int32Array<ArrayBuffer>

/** Inputs of rows × columns integers, by the names that exports of transformers have. */
const BY_TOKEN: Readonly<Record<string, BatchValues>> = {
  input_ids: ({ inputIds }) => inputIds,
  attention_mask: ({ attentionMask }) => attentionMask,
  // A text alone is the first of a pair: all of its tokens have type 0.
  token_type_ids: ({ inputIds }) => new Int32Array(inputIds.length),
  position_ids: ({ positionIds }) => positionIds,
}

/** Keys and values of earlier tokens, which a decoder's graph takes: none here. */
const PAST = /^past_key_values\.\d+\.(?:key|value)$/

/**
 * How each input of a graph is filled.
 *
 * @throws EmbeddingsError `bad_model_file` naming the input that is not known, or is not as it must be
 */
export function inputFillers(inputs: readonly GraphInput[]): ReadonlyMap<string, FillInput> {
  const unknown = inputs.filter(({ name }) => !Object.hasOwn(BY_TOKEN, name) && !PAST.test(name))
  if (unknown.length > 0) {
    const names = unknown.slice(0, 8).map(({ name }) => name)
    const more = unknown.length > names.length ? ` and ${String(unknown.length - names.length)} more` : ''
    throw new EmbeddingsError(
      'bad_model_file',
      `The graph wants the inputs ${names.join(', ')}${more}; known are ${Object.keys(BY_TOKEN).join(', ')} and ` +
        'past_key_values.<layer>.key and .value.',
    )
  }
  return new Map(
    inputs.map((input) => [input.name, PAST.test(input.name) ? pastFiller(input) : tokenFiller(input)]),
  )
}

function tokenFiller(input: GraphInput): FillInput {
  const values = BY_TOKEN[input.name] ?? wrong(input, 'known')
  const { type, shape } = input
  if (shape.length !== 0 && shape.length !== 2) wrong(input, '[rows, tokens]')
  if (type === 'int64') {
    return (batch) => ({ type, data: widen(values(batch)), dims: [batch.rows, batch.columns] })
  }
  if (type === 'int32') return (batch) => ({ type, data: values(batch), dims: [batch.rows, batch.columns] })
  return wrong(input, 'int64 or int32')
}

/** No tokens came before: `[rows, heads, 0, head width]`, so that there is nothing to read. */
function pastFiller(input: GraphInput): FillInput {
  const { type, shape } = input
  const [, heads, past, width] = shape
  const fixed = (size: number | string | undefined): size is number => typeof size === 'number' && size > 0
  if (shape.length !== 4 || !fixed(heads) || !fixed(width))
    wrong(input, '[rows, heads, past tokens, width of a head]')
  if (fixed(past)) wrong(input, 'free in the number of past tokens')
  const dims = (batch: PaddedBatch): number[] => [batch.rows, heads, 0, width]
  if (type === 'float32') return (batch) => ({ type, data: new Float32Array(0), dims: dims(batch) })
  if (type === 'float16') return (batch) => ({ type, data: new Uint16Array(0), dims: dims(batch) })
  return wrong(input, 'float32 or float16')
}

/** int32 as int64, for numbers that are not negative. */
function widen(values: Int32Array): BigInt64Array<ArrayBuffer> {
  const wide = new BigInt64Array(values.length)
  // Every engine that runs WebAssembly is little-endian: writing the low halves spares one BigInt a token.
  const halves = new Int32Array(wide.buffer)
  for (const [index, value] of values.entries()) halves[index * 2] = value
  return wide
}

function wrong({ name, type, shape }: GraphInput, expected: string): never {
  throw new EmbeddingsError(
    'bad_model_file',
    `The graph's input ${name} is ${type} [${shape.join(', ')}]; it must be ${expected}.`,
  )
}
