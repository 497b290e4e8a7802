/** Graphs as different exporters and quantisers write them, against native onnxruntime; see test/fixtures/simd/make_graph_forms.py. */

import { beforeAll, describe, expect, it } from 'vitest'
import { readOnnx } from '../../../src/engine/onnx/graph.ts'
import type { Pooling } from '../../../src/models/recipe.ts'
import { recognizeBert } from '../../../src/simd/bert/recognize.ts'
import type { EncoderModule } from '../../../src/simd/encoder-module.ts'
import { createSimdSession } from '../../../src/simd/session.ts'
import { cosine } from '../../../src/vectors/similarity.ts'
import { fileBytes, plainModule, runAlone } from './reference.ts'

const FOLDER = 'test/fixtures/simd/forms'
const { texts, models } = JSON.parse(new TextDecoder().decode(fileBytes(`${FOLDER}/expected.json`))) as {
  texts: number[][]
  models: Record<string, { pooling: Pooling; vectors: number[][] }>
}

let module: EncoderModule
beforeAll(async () => {
  module = await plainModule()
})

const configOf = (name: string, pooling: Pooling) => ({
  model: fileBytes(`${FOLDER}/${name}.onnx`),
  output: null,
  pooled: null,
  pooling,
  width: 32,
  maxTokens: 20,
})

it.each(Object.entries(models))('%s', async (name, { pooling, vectors }) => {
  const session = await createSimdSession(module, configOf(name, pooling))
  const cosines = []
  for (const [index, tokens] of texts.entries()) {
    cosines.push(cosine(await runAlone(session, Int32Array.from(tokens)), Float32Array.from(vectors[index]!)))
  }
  expect(Math.min(...cosines)).toBeGreaterThan(0.998)
})

describe('what stands in such a graph and is something else', () => {
  /** Replaces a text by another of the same length wherever it stands, so that every length in the file stays right. */
  const renamed = (name: string, from: string, to: string): Uint8Array => {
    const text = Buffer.from(fileBytes(`${FOLDER}/${name}.onnx`)).toString('latin1')
    return Uint8Array.from(Buffer.from(text.replaceAll(from, to), 'latin1'))
  }
  it.each([
    ['positions counted otherwise', 'roberta-sdpa', 'CumSum', 'CumMax', /neither a layer nor embeddings/],
    ['tokens compared otherwise', 'roberta-sdpa', 'Equal', 'NotEq', /neither a layer nor embeddings/],
    ['scores scaled by another root', 'roberta-sdpa', 'Sqrt', 'Cbrt', /no attention/],
    ['a mask made of something else', 'distilbert', 'Equal', 'IsBig', /no attention/],
    ['another product of matrices', 'gemm', 'Gemm', 'Gexm', /neither a layer nor embeddings/],
    ['a sum of something else', 'pooled-mean', 'ReduceSum', 'ReduceMax', /no pooling/],
    ['the vector of another axis', 'pooled-cls', 'axis', 'oxis', /no pooling/],
  ])('%s', (_, name, from, to, reason) => {
    const { pooling } = models[name]!
    const read = () => recognizeBert(readOnnx(renamed(name, from, to)), configOf(name, pooling))
    expect(read).toThrow(reason)
  })
})
