/** The same encoder with its weights in every form that files have them in. */

import { describe, expect, it } from 'vitest'
import type { BertSource, LinearSource, MatrixSource } from '../../../src/simd/bert/bert-weights.ts'
import { Encoder } from '../../../src/simd/encoder.ts'
import type { ElementType, OnnxTensor } from '../../../src/engine/onnx/tensor.ts'
import { cosine } from '../../../src/vectors/similarity.ts'
import { encodeInFloat, makeEncoder } from './float-encoder.ts'
import { plainModule } from './reference.ts'

const TOKENS = [1, 9, 4, 30, 2, 17, 8]
const BLOCK = 32

type Integers = MatrixSource & { kind: 'int8' }

function tensor(type: ElementType, dims: readonly number[], bytes: Uint8Array): OnnxTensor {
  return { name: '', type, dims, size: dims.reduce((product, dim) => product * dim, 1), bytes }
}

function integersOf({ matrix }: LinearSource): {
  steps: Int8Array
  scales: Float64Array
  dims: readonly number[]
} {
  const { values, scales } = matrix as Integers
  return { steps: new Int8Array(values.bytes.buffer), scales, dims: values.dims }
}

/** Half precision of a number that is normal in it. */
function half(value: number): number {
  if (value === 0) return 0
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(value))))
  const fraction = Math.round((Math.abs(value) / 2 ** exponent) * 1024)
  return (value < 0 ? 0x8000 : 0) + (exponent + 14) * 1024 + fraction
}

const forms: Record<string, (linear: LinearSource) => MatrixSource> = {
  'float32 [inputs][outputs]': (linear) => {
    const { steps, scales, dims } = integersOf(linear)
    const values = Float32Array.from(steps, (step, at) => step * scales[at % linear.outputs]!)
    return { kind: 'float', byOutput: false, values: tensor('float32', dims, new Uint8Array(values.buffer)) }
  },
  'float16 [inputs][outputs]': (linear) => {
    const { steps, scales, dims } = integersOf(linear)
    const values = Uint16Array.from(steps, (step, at) => half(step * scales[at % linear.outputs]!))
    return { kind: 'float', byOutput: false, values: tensor('float16', dims, new Uint8Array(values.buffer)) }
  },
  'float32 [outputs][inputs]': (linear) => {
    const { steps, scales } = integersOf(linear)
    const { inputs, outputs } = linear
    const values = Float32Array.from(steps, (_, at) => {
      const output = Math.floor(at / inputs)
      return steps[(at % inputs) * outputs + output]! * scales[output]!
    })
    const dims = [outputs, inputs]
    return { kind: 'float', byOutput: true, values: tensor('float32', dims, new Uint8Array(values.buffer)) }
  },
  '8-bit blocks [outputs][blocks][32]': (linear) => {
    const { steps, scales } = integersOf(linear)
    const { inputs, outputs } = linear
    const at = (index: number) => ({ input: index % inputs, output: Math.floor(index / inputs) })
    const values = Uint8Array.from({ length: inputs * outputs }, (_, index) => {
      return steps[at(index).input * outputs + at(index).output]! + 128
    })
    const blockScales = Float32Array.from(
      { length: values.length / BLOCK },
      (_, index) => scales[at(index * BLOCK).output]!,
    )
    return {
      kind: 'blocks',
      values: tensor('uint8', [outputs, inputs / BLOCK, BLOCK], values),
      scales: tensor('float32', [outputs, inputs / BLOCK], new Uint8Array(blockScales.buffer)),
      block: BLOCK,
    }
  },
  'uint8 around 128': (linear) => {
    const { steps, scales, dims } = integersOf(linear)
    const values = tensor(
      'uint8',
      dims,
      Uint8Array.from(steps, (step) => step + 128),
    )
    return { kind: 'int8', values, scales, zeroPoints: Float64Array.of(128) }
  },
  'uint8 around another number for each output': (linear) => {
    const { steps, scales, dims } = integersOf(linear)
    const zeroPoints = Float64Array.from({ length: linear.outputs }, (_, output) => 100 + (output % 20))
    // Half of the range, so that no value leaves uint8.
    const values = Uint8Array.from(steps, (step, at) => Math.round(step / 2) + zeroPoints[at % linear.outputs]!)
    return {
      kind: 'int8',
      values: tensor('uint8', dims, values),
      scales: scales.map((scale) => scale * 2),
      zeroPoints,
    }
  },
}

function withForm(model: BertSource, form: (linear: LinearSource) => MatrixSource): BertSource {
  const change = (linear: LinearSource): LinearSource => ({ ...linear, matrix: form(linear) })
  const layers = model.layers.map((layer) => ({
    ...layer,
    query: change(layer.query),
    key: change(layer.key),
    value: change(layer.value),
    output: change(layer.output),
    up: change(layer.up),
    down: change(layer.down),
  }))
  return { ...model, layers }
}

describe('weights as', () => {
  const model = makeEncoder({ hidden: 128, heads: 4, inner: 512, layers: 2 })
  const wanted = encodeInFloat(model, TOKENS)
  const batch = { ids: Int32Array.from(TOKENS), lengths: Int32Array.of(TOKENS.length) }

  it.each(Object.keys(forms))('%s', async (name) => {
    const encoder = await Encoder.create(await plainModule(), withForm(model, forms[name]!))
    expect(cosine(encoder.encode(batch), wanted)).toBeGreaterThan(0.998)
  })

  it('uint8 around 128 are packed to the very bytes of int8', async () => {
    const int8 = await Encoder.create(await plainModule(), model)
    const uint8 = await Encoder.create(await plainModule(), withForm(model, forms['uint8 around 128']!))
    expect(uint8.encode(batch)).toEqual(int8.encode(batch))
  })
})

describe('word tables as', () => {
  const model = makeEncoder({ hidden: 128, heads: 4, inner: 512, layers: 1 })
  const wanted = encodeInFloat(model, TOKENS)
  const { values, rows, width } = model.words
  const steps = new Int8Array(values.bytes.buffer)
  const scale = 1 / 64
  const scalesOf = (count: number) =>
    tensor('float32', [count], new Uint8Array(new Float32Array(count).fill(scale).buffer))
  const floats = (type: 'float32' | 'float16') => {
    const numbers = Array.from(steps, (step) => step * scale)
    const bytes =
      type === 'float32' ? Float32Array.from(numbers).buffer : Uint16Array.from(numbers, half).buffer
    return tensor(type, [rows, width], new Uint8Array(bytes))
  }
  const shifted = (zeroPoint: number) =>
    tensor(
      'uint8',
      [rows, width],
      Uint8Array.from(steps, (step) => step + zeroPoint),
    )
  const table = { rows, width, block: 0, zeroPoint: 0 }

  it.each([
    ['float32', { ...table, values: floats('float32'), scales: null }],
    ['float16', { ...table, values: floats('float16'), scales: null }],
    ['int8, a scale a row', { ...table, values, scales: scalesOf(rows), block: width }],
    [
      'uint8, a scale for 32',
      { ...table, values: shifted(128), scales: scalesOf((rows * width) / 32), block: 32, zeroPoint: 128 },
    ],
    ['uint8 around 127', { ...table, values: shifted(127), scales: scalesOf(1), zeroPoint: 127 }],
  ])('%s', async (_, words) => {
    const encoder = await Encoder.create(await plainModule(), { ...model, words })
    const vector = encoder.encode({ ids: Int32Array.from(TOKENS), lengths: Int32Array.of(TOKENS.length) })
    expect(cosine(vector, wanted)).toBeGreaterThan(0.998)
  })
})
