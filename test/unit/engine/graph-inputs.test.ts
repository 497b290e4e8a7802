import { describe, expect, test } from 'vitest'
import { padBatch } from '../../../src/engine/batch.ts'
import { inputFillers, type GraphInput, type InputTensor } from '../../../src/engine/graph-inputs.ts'
import { thrownBy } from '../thrown-by.ts'

const BATCH = padBatch({ ids: Int32Array.of(5, 6, 2 ** 31 - 1), lengths: Int32Array.of(2, 1) }, 1, 'left')
const fill = (input: GraphInput): InputTensor | undefined => inputFillers([input]).get(input.name)?.(BATCH)
const tokens = (name: string, type: string): GraphInput => ({ name, type, shape: ['batch', 'sequence'] })
const past = (type = 'float32', shape: GraphInput['shape'] = ['batch', 8, 'past', 128]): GraphInput => ({
  name: 'past_key_values.27.value',
  type,
  shape,
})

describe('inputs by token', () => {
  test.each([
    ['input_ids', [5, 6, 1, 2 ** 31 - 1]],
    ['attention_mask', [1, 1, 0, 1]],
    ['token_type_ids', [0, 0, 0, 0]],
    ['position_ids', [0, 1, 0, 0]],
  ])('%s, as int64 and as int32', (name, values) => {
    const wide = { type: 'int64', data: BigInt64Array.from(values, BigInt), dims: [2, 2] }
    expect(fill(tokens(name, 'int64'))).toEqual(wide)
    expect(fill(tokens(name, 'int32'))).toEqual({ type: 'int32', data: Int32Array.from(values), dims: [2, 2] })
  })

  test('an input whose shape the file does not tell is filled all the same', () => {
    expect(fill({ name: 'input_ids', type: 'int64', shape: [] })?.dims).toEqual([2, 2])
  })

  test.each([
    ['int64 or int32', { name: 'attention_mask', type: 'float32', shape: [-1, -1] }],
    // The positions of Qwen2-VL: three of them a token.
    ['[rows, tokens]', { name: 'position_ids', type: 'int64', shape: [3, 'batch', 'sequence'] }],
  ])('must be %s', (expected, input) => {
    const { code, message } = thrownBy(() => inputFillers([input]))
    expect(code).toBe('bad_model_file')
    expect(message).toContain(
      `${input.name} is ${input.type} [${input.shape.join(', ')}]; it must be ${expected}`,
    )
  })
})

describe('keys and values of earlier tokens', () => {
  test('are there and empty, in the graph’s own sizes', () => {
    expect(fill(past())).toEqual({ type: 'float32', data: new Float32Array(0), dims: [2, 8, 0, 128] })
    expect(fill(past('float16', [-1, 2, -1, 64]))).toEqual({
      type: 'float16',
      data: new Uint16Array(0),
      dims: [2, 2, 0, 64],
    })
  })

  test.each([
    ['[rows, heads, past tokens, width of a head]', past('float32', ['batch', 'heads', 'past', 128])],
    ['[rows, heads, past tokens, width of a head]', past('float32', ['batch', 8, 'past', 'width'])],
    ['[rows, heads, past tokens, width of a head]', past('float32', [2, 'batch', 8, 'past', 128])],
    ['free in the number of past tokens', past('float32', ['batch', 8, 512, 128])],
    ['float32 or float16', past('bfloat16')],
  ])('must be %s', (expected, input) => {
    const { code, message } = thrownBy(() => inputFillers([input]))
    expect(code).toBe('bad_model_file')
    expect(message).toContain(`past_key_values.27.value is ${input.type}`)
    expect(message).toContain(expected)
  })
})

test.each([
  'pixel_values',
  'past_conv.0',
  'past_key_values.0.conv',
  'past_key_values.0.key.extra',
  'use_cache_branch',
  '__proto__',
  'toString',
])('%s is refused by its name', (name) => {
  const { code, message } = thrownBy(() => inputFillers([tokens('input_ids', 'int64'), tokens(name, 'int64')]))
  expect(code).toBe('bad_model_file')
  expect(message).toContain(`The graph wants the inputs ${name}; known are input_ids, `)
})

test('of many that are not known, eight are named', () => {
  const inputs = Array.from({ length: 30 }, (_, index) => tokens(`past_conv.${String(index)}`, 'float32'))
  expect(thrownBy(() => inputFillers(inputs)).message).toContain('past_conv.7 and 22 more; known are')
})
