/** Encoders of other shapes, layer by layer, against float64 vectors; see test/fixtures/simd/make_tiny_bert.py. */

import { beforeAll, describe, expect, it } from 'vitest'
import type { Pooling } from '../../../src/models/recipe.ts'
import type { EncoderModule } from '../../../src/simd/encoder-module.ts'
import { createSimdSession } from '../../../src/simd/session.ts'
import { cosine } from '../../../src/vectors/similarity.ts'
import { fileBytes, plainModule, runAlone } from './reference.ts'

const FOLDER = 'test/fixtures/simd'
const expected = JSON.parse(new TextDecoder().decode(fileBytes(`${FOLDER}/expected.json`))) as {
  texts: number[][]
  models: Record<string, { width: number; vectors: Record<Pooling, number[][]> }>
}

let module: EncoderModule
beforeAll(async () => {
  module = await plainModule()
})

describe.each(Object.entries(expected.models))('%s', (name, { width, vectors }) => {
  it.each(Object.entries(vectors))('gives the float64 vectors, pooling: %s', async (pooling, wanted) => {
    const session = await createSimdSession(module, {
      model: fileBytes(`${FOLDER}/${name}.onnx`),
      output: 'last_hidden_state',
      pooled: false,
      pooling: pooling as Pooling,
      width,
      maxTokens: 40,
    })
    for (const [index, tokens] of expected.texts.entries()) {
      const vector = await runAlone(session, Int32Array.from(tokens))
      const similarity = cosine(vector, Float32Array.from(wanted[index]!))
      // 7-bit activations and 8-bit weights; a wrong step anywhere gives less than 0.9.
      expect([tokens.length, similarity > 0.998]).toEqual([tokens.length, true])
    }
  })
})
