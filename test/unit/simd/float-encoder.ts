/** A made-up encoder, and its vectors by plain float64 loops that share nothing with the WebAssembly. */

import type { BertSource, LinearSource, NormSource, TableSource } from '../../../src/simd/bert/bert-weights.ts'
import type { OnnxTensor } from '../../../src/engine/onnx/tensor.ts'

export interface Shape {
  hidden: number
  heads: number
  inner: number
  layers: number
}

const WORDS = 32
const POSITIONS = 24
const SCALE = 1 / 64

function tensor(type: 'int8' | 'float32', dims: readonly number[], bytes: Uint8Array): OnnxTensor {
  return { name: '', type, dims, size: dims.reduce((product, dim) => product * dim, 1), bytes }
}

/** A model of random int8 weights. */
export function makeEncoder({ hidden, heads, inner, layers }: Shape): BertSource {
  let state = hidden
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32 - 0.5
  }
  const int8 = (...dims: number[]): OnnxTensor => {
    const values = Int8Array.from({ length: dims[0]! * dims[1]! }, () => Math.round(random() * 254))
    return tensor('int8', dims, new Uint8Array(values.buffer))
  }
  const vector = (length: number, center: number) =>
    Float32Array.from({ length }, () => center + random() * 0.4)
  const linear = (inputs: number, outputs: number): LinearSource => ({
    input: '',
    inputs,
    outputs,
    matrix: {
      kind: 'int8',
      values: int8(inputs, outputs),
      scales: Float64Array.from({ length: outputs }, () =>
        Math.fround((0.02 + 0.01 * random()) / Math.sqrt(inputs)),
      ),
      zeroPoints: Float64Array.of(0),
    },
    bias: vector(outputs, 0),
    smoothing: null,
  })
  const norm = (): NormSource => ({ gamma: vector(hidden, 1), beta: vector(hidden, 0), epsilon: 1e-12 })
  const table = (rows: number): TableSource => {
    const scales = tensor('float32', [], new Uint8Array(Float32Array.of(SCALE).buffer))
    return { values: int8(rows, hidden), rows, width: hidden, scales, block: 0, zeroPoint: 0 }
  }
  return {
    hidden,
    inner,
    heads,
    words: table(WORDS),
    positions: table(POSITIONS),
    types: null,
    paddingId: null,
    embeddingNorm: norm(),
    layers: Array.from({ length: layers }, () => ({
      query: linear(hidden, hidden),
      key: linear(hidden, hidden),
      value: linear(hidden, hidden),
      scoreScale: 1 / Math.sqrt(hidden / heads),
      output: linear(hidden, hidden),
      outputNorm: norm(),
      up: linear(hidden, inner),
      down: linear(inner, hidden),
      downNorm: norm(),
    })),
    pooling: 'mean',
  }
}

type Rows = Float64Array[]

function applyLinear(x: Rows, { inputs, outputs, matrix, bias }: LinearSource): Rows {
  if (matrix.kind !== 'int8') throw new Error('made-up models have int8 weights')
  const weights = new Int8Array(matrix.values.bytes.buffer)
  return x.map((row) =>
    Float64Array.from({ length: outputs }, (_, o) => {
      let sum = 0
      for (let i = 0; i < inputs; i++) sum += row[i]! * weights[i * outputs + o]!
      return sum * matrix.scales[o]! + bias![o]!
    }),
  )
}

function applyNorm(x: Rows, { gamma, beta, epsilon }: NormSource): Rows {
  return x.map((row) => {
    const mean = row.reduce((sum, value) => sum + value, 0) / row.length
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length
    return row.map((value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * gamma[i]! + beta[i]!)
  })
}

const add = (a: Rows, b: Rows): Rows => a.map((row, t) => row.map((value, i) => value + b[t]![i]!))

function attention(q: Rows, k: Rows, v: Rows, heads: number, scale: number): Rows {
  const size = q[0]!.length / heads
  return q.map((query) => {
    const out = new Float64Array(query.length)
    for (let from = 0; from < query.length; from += size) {
      const scores = k.map((key) => {
        let sum = 0
        for (let i = from; i < from + size; i++) sum += query[i]! * key[i]!
        return Math.exp(sum * scale)
      })
      const total = scores.reduce((sum, value) => sum + value, 0)
      for (let i = from; i < from + size; i++) {
        out[i] = scores.reduce((sum, score, t) => sum + score * v[t]![i]!, 0) / total
      }
    }
    return out
  })
}

/** x Φ(x), with the error function of Abramowitz and Stegun, 7.1.26: absolute error 1.5e-7. */
function gelu(x: number): number {
  const z = Math.abs(x) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * z)
  const polynomial =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const erf = Math.sign(x) * (1 - polynomial * Math.exp(-z * z))
  return 0.5 * x * (1 + erf)
}

/** The mean-pooled vector of a text, of length 1. */
export function encodeInFloat(model: BertSource, tokens: readonly number[]): Float32Array {
  const { hidden, heads } = model
  const row = (table: TableSource, index: number) =>
    new Int8Array(table.values.bytes.buffer, index * hidden, hidden)
  const sum = tokens.map((token, t) => {
    const [word, position] = [row(model.words, token), row(model.positions, t)]
    return Float64Array.from(word, (value, i) => (value + position[i]!) * SCALE)
  })
  let x = applyNorm(sum, model.embeddingNorm)
  for (const layer of model.layers) {
    const [q, k, v] = [layer.query, layer.key, layer.value].map((linear) => applyLinear(x, linear))
    const context = attention(q!, k!, v!, heads, layer.scoreScale)
    x = applyNorm(add(x, applyLinear(context, layer.output)), layer.outputNorm)
    const inner = applyLinear(x, layer.up).map((values) => values.map(gelu))
    x = applyNorm(add(x, applyLinear(inner, layer.down)), layer.downNorm)
  }
  const pooled = Float64Array.from({ length: hidden }, (_, i) =>
    x.reduce((total, values) => total + values[i]!, 0),
  )
  const norm = Math.hypot(...pooled)
  return Float32Array.from(pooled, (value) => value / norm)
}
