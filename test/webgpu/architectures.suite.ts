/** The same architectures as in test/browser/architectures.test.ts, on WebGPU. */

import { afterAll, describe, expect, test } from 'vitest'
import { EmbeddingsClient, type EmbeddingsClientOptions } from '../../src/index.ts'
import {
  expectNativeVectors,
  synthetic,
  syntheticNames,
  syntheticOptions,
} from '../browser/synthetic-models.ts'
import { rejectedBy } from '../unit/thrown-by.ts'

/** Half precision throughout: for GPUs that have it. */
const HALF = ['fp16', 'decoder-fp16']
/** `GroupQueryAttention`. */
const FUSED = 'decoder-fused'

/** SwiftShader takes its time: two texts, one of them padded beside the other of 46 tokens or more. */
const TWO = [6, 7]

const adapter = await navigator.gpu.requestAdapter()

describe('architectures on WebGPU', () => {
  const client = new EmbeddingsClient({ ...syntheticOptions(true), device: 'webgpu' })

  afterAll(() => client.close())

  test.each(syntheticNames.filter((name) => !HALF.includes(name) && name !== FUSED))('%s', async (name) => {
    // Rounded to 8 bits, as on the CPU.
    const rounded = name === 'q8' ? { like: 'bert-mean', least: 0.99 } : {}
    await expectNativeVectors(client, name, { which: TWO, alone: false, ...rounded })
    const { backend } = await client.models.status(name)
    expect(backend?.device).toBe('webgpu')
    // A text alone, against native onnxruntime too.
    expect(backend?.knownAnswerCosine).toBeGreaterThanOrEqual(name === 'q8' ? 0.99 : 0.9999)
    await client.models.unload(name)
  })

  test.each(HALF)(
    '%s runs where the GPU has half precision, and is refused with the reason elsewhere',
    async (name) => {
      if (adapter?.features.has('shader-f16') === true) {
        await expectNativeVectors(client, name, { which: TWO, least: 0.999 })
        return
      }
      const error = await rejectedBy(client.embeddings.create({ model: name, input: 'red' }))
      expect(error.message).toContain('f16')
    },
  )

  test('fused attention over more than 31 tokens is refused where its shader is wrong', async () => {
    // onnxruntime-web 1.30 takes eight keys a step where a subgroup has fewer lanes: see tools/prepare-model/README.md.
    if ((adapter?.info.subgroupMaxSize ?? 0) >= 8) {
      await expectNativeVectors(client, FUSED, { which: TWO })
      return
    }
    const error = await rejectedBy(client.embeddings.create({ model: FUSED, input: 'red' }))
    expect(error).toMatchObject({ code: 'invalid_output', status: 500 })
    expect(error.message).toContain('known-answer cosine 0.9')
  })
})

test('fused attention over fewer tokens is right, with padding on the right', async () => {
  const { recipe, tokens, embeddings } = synthetic.models[FUSED] ?? {}
  const [text, which] = [6, [3, 6]]
  const knownAnswer = { text: synthetic.texts[text], tokens: tokens?.[text], embedding: embeddings?.[text] }
  const models = [{ ...(recipe as object), knownAnswer }] as EmbeddingsClientOptions['models'] & object
  const client = new EmbeddingsClient({ ...syntheticOptions(false), models, device: 'webgpu' })
  try {
    await expectNativeVectors(client, FUSED, { which })
  } finally {
    await client.close()
  }
})

test('by its own files alone a model is tested by an answer that the CPU gave', async () => {
  const client = new EmbeddingsClient({ ...syntheticOptions(false), device: 'webgpu' })
  try {
    await expectNativeVectors(client, 'nomic-bert', { which: TWO })
    const { backend } = await client.models.status('nomic-bert')
    expect(backend?.device).toBe('webgpu')
    expect(backend?.knownAnswerCosine).toBeGreaterThanOrEqual(0.999)
  } finally {
    await client.close()
  }
})
