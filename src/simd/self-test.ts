/**
 * Whether this browser runs the encoder as it was built: a small made-up model whose vectors are known to the bit. There
 * are engines whose first compiler miscomputes relaxed SIMD (Node 20), so it runs before a build is trusted, on the very
 * first calls, and in both ways of computing dot products.
 */

import { EmbeddingsError } from '../openai/errors.ts'
import type { BertSource, LinearSource } from './bert/bert-weights.ts'
import { Encoder } from './encoder.ts'
import type { EncoderModule } from './encoder-module.ts'
import type { OnnxTensor } from '../engine/onnx/tensor.ts'

const HIDDEN = 64
const INNER = 128
const WORDS = 64
const POSITIONS = 40

/** Hash of all bits of the vectors, the same in every build and on every machine. */
export const EXPECTED_HASH = 3_249_400_900

/** Lengths of the texts: below, at and beyond a tile of attention. */
const LENGTHS = [1, 7, 16, 33]

/** Numerical Recipes' linear congruential generator: numbers that look random and are the same everywhere. */
function makeNumbers(): (limit: number) => number {
  let state = 1
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

function makeModel(): BertSource {
  const next = makeNumbers()
  const bytes = (name: string, dims: readonly number[], most = 127): OnnxTensor => {
    const size = dims.reduce((product, dim) => product * dim, 1)
    const values = new Int8Array(size)
    for (let at = 0; at < size; at++) values[at] = next(2 * most + 1) - most
    return { name, type: 'int8', dims, size, bytes: new Uint8Array(values.buffer) }
  }
  const floats = (count: number, center: number): Float32Array =>
    Float32Array.from({ length: count }, () => center + (next(64) - 32) / 128)
  const linear = (inputs: number, outputs: number, most = 127): LinearSource => ({
    input: '',
    inputs,
    outputs,
    matrix: {
      kind: 'int8',
      values: bytes('weights', [inputs, outputs], most),
      scales: Float64Array.from({ length: outputs }, () => (16 + next(16)) / 2 ** 14),
      zeroPoints: Float64Array.of(0),
    },
    bias: floats(outputs, 0),
    smoothing: null,
  })
  const norm = () => ({ gamma: floats(HIDDEN, 1), beta: floats(HIDDEN, 0), epsilon: 2 ** -20 })
  const scale: OnnxTensor = {
    name: 'scale',
    type: 'float32',
    dims: [],
    size: 1,
    bytes: new Uint8Array(Float32Array.of(2 ** -6).buffer),
  }
  const table = (rows: number) => ({
    values: bytes('table', [rows, HIDDEN]),
    rows,
    width: HIDDEN,
    scales: scale,
    block: 0,
    zeroPoint: 0,
  })
  const layer = () => ({
    query: linear(HIDDEN, HIDDEN),
    key: linear(HIDDEN, HIDDEN),
    value: linear(HIDDEN, HIDDEN),
    scoreScale: 0.25,
    // Weights so small that sums of their products fit into int16 over more inputs (`assembly/limits.ts`).
    output: linear(HIDDEN, HIDDEN, 64),
    outputNorm: norm(),
    up: linear(HIDDEN, INNER, 40),
    down: linear(INNER, HIDDEN),
    downNorm: norm(),
  })
  return {
    hidden: HIDDEN,
    inner: INNER,
    heads: 2,
    words: table(WORDS),
    positions: table(POSITIONS),
    types: null,
    paddingId: null,
    embeddingNorm: norm(),
    layers: [layer(), layer()],
    pooling: 'mean',
  }
}

/** FNV-1a over the bits of the numbers. */
function hashOf(vectors: Float32Array): number {
  const words = new Uint32Array(vectors.buffer, vectors.byteOffset, vectors.length)
  return words.reduce((hash, word) => Math.imul(hash ^ word, 16_777_619), 2_166_136_261) >>> 0
}

/** Hashes of the made-up model's vectors in each way of computing dot products. */
export async function selfTestHashes(module: EncoderModule): Promise<number[]> {
  const encoder = await Encoder.create(module, makeModel())
  const next = makeNumbers()
  const lengths = Int32Array.from(LENGTHS)
  const ids = Int32Array.from({ length: lengths.reduce((sum, length) => sum + length, 0) }, () => next(WORDS))
  return [true, false].map((fused) => hashOf(encoder.encode({ ids, lengths }, fused)))
}

/**
 * Runs the test.
 *
 * @throws EmbeddingsError `invalid_output` where a bit differs
 */
export async function testEncoder(module: EncoderModule): Promise<void> {
  const hashes = await selfTestHashes(module)
  if (hashes.every((hash) => hash === EXPECTED_HASH)) return
  throw new EmbeddingsError('invalid_output', 'this browser computes the CPU encoder wrongly')
}
