import { describe, expect, it } from 'vitest'
import { Encoder } from '../../../src/simd/encoder.ts'
import { cosine } from '../../../src/vectors/similarity.ts'
import { encodeInFloat, makeEncoder } from './float-encoder.ts'
import { plainModule } from './reference.ts'

const TEXTS = [[3], [1, 2, 3, 4, 5, 6, 7], Array.from({ length: 18 }, (_, at) => (at * 5) % 32)]

describe('shapes', () => {
  it.each([
    { hidden: 128, heads: 2, inner: 512, layers: 2 },
    { hidden: 384, heads: 12, inner: 1536, layers: 2 },
    { hidden: 512, heads: 8, inner: 2048, layers: 1 },
    { hidden: 768, heads: 12, inner: 3072, layers: 1 },
    { hidden: 1024, heads: 16, inner: 4096, layers: 1 },
    // No multiple of 64: blocks of 32; heads of 48.
    { hidden: 96, heads: 2, inner: 160, layers: 3 },
  ])('$hidden wide, $heads heads, feed-forward $inner: agrees with float64', async (shape) => {
    const model = makeEncoder(shape)
    const encoder = await Encoder.create(await plainModule(), model)
    for (const tokens of TEXTS) {
      const vector = encoder.encode({ ids: Int32Array.from(tokens), lengths: Int32Array.of(tokens.length) })
      expect(cosine(vector, encodeInFloat(model, tokens))).toBeGreaterThan(0.998)
    }
  })

  it.each([
    [{ hidden: 80, heads: 5, inner: 160, layers: 1 }, /width of 80/],
    [{ hidden: 96, heads: 4, inner: 160, layers: 1 }, /head size of 24/],
    [{ hidden: 96, heads: 2, inner: 100, layers: 1 }, /feed-forward width of 100/],
    [{ hidden: 96, heads: 5, inner: 160, layers: 1 }, /head size of 19\.2/],
  ])('are refused where the encoder does not have them: %o', async (shape, reason) => {
    await expect(Encoder.create(await plainModule(), makeEncoder(shape))).rejects.toThrow(reason)
  })

  it('weights of all one sign at the ends of int8, which fill the dot products most', async () => {
    const model = makeEncoder({ hidden: 128, heads: 2, inner: 512, layers: 1 })
    for (const { query, key, value, output, up, down } of model.layers) {
      for (const [index, { matrix }] of [query, key, value, output, up, down].entries()) {
        new Int8Array(matrix.values.bytes.buffer).fill(index % 2 === 0 ? -128 : 127)
      }
    }
    const encoder = await Encoder.create(await plainModule(), model)
    for (const tokens of TEXTS) {
      const vector = encoder.encode({ ids: Int32Array.from(tokens), lengths: Int32Array.of(tokens.length) })
      expect(cosine(vector, encodeInFloat(model, tokens))).toBeGreaterThan(0.99)
    }
  })
})
