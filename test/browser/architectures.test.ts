/**
 * Every architecture that embedding models have, through the whole library, against native onnxruntime: what an export
 * asks for, what it gives, how its vectors are pooled. The graphs are small and their weights random.
 */

import { afterAll, describe, expect, test } from 'vitest'
import { EmbeddingsClient, type EmbeddingsClientOptions } from '../../src/index.ts'
import { rejectedBy } from '../unit/thrown-by.ts'
import { expectNativeVectors, synthetic, syntheticNames, syntheticOptions } from './synthetic-models.ts'

const clients: EmbeddingsClient[] = []
const open = (...[options]: ConstructorParameters<typeof EmbeddingsClient>): EmbeddingsClient => {
  const client = new EmbeddingsClient({ device: 'wasm', workers: 1, ...options })
  clients.push(client)
  return client
}

afterAll(async () => {
  for (const client of clients) await client.close()
})

/**
 * 8-bit activations are rounded by one scale for a whole batch in the file, and by one for each token here: neither is
 * exact, so both are held against the unquantised model.
 */
const ROUNDED = { q8: { like: 'bert-mean', least: 0.99 } } as Record<string, { like: string; least: number }>

describe('by a recipe, on onnxruntime', () => {
  const client = open({ ...syntheticOptions(true), cpuRuntime: 'onnxruntime' })

  test.each(syntheticNames)('%s', async (name) => {
    await expectNativeVectors(client, name, ROUNDED[name])
    const { backend } = await client.models.status(name)
    expect(backend).toMatchObject({ device: 'wasm', runtime: 'onnxruntime' })
    expect(backend?.knownAnswerCosine).toBeGreaterThanOrEqual(0.99)
    await client.models.unload(name)
  })
})

describe('by their own files alone, on the runtime that is taken by itself', () => {
  const client = open(syntheticOptions(false))

  test.each(syntheticNames)('%s', async (name) => {
    // The CPU encoder rounds the weights of those that it knows to 8 bits.
    const { runtime } = (await client.models.load(name)).backend ?? {}
    await expectNativeVectors(client, name, runtime === 'simd' ? { least: 0.99 } : ROUNDED[name])
    await client.models.unload(name)
  })
})

test('weights in several files run on several threads', async () => {
  const client = open({ ...syntheticOptions(true), cpuRuntime: 'onnxruntime', threads: 2 })
  await expectNativeVectors(client, 'external-data')
  expect((await client.models.status('external-data')).backend?.threads).toBe(2)
})

describe('a recipe that does not fit the graph is refused', () => {
  const failure = async (name: string, change: object) => {
    const original = synthetic.models[name]?.recipe as { variants: object[] }
    const recipe = { ...original, variants: original.variants.map((variant) => ({ ...variant, ...change })) }
    const models = [recipe] as unknown as EmbeddingsClientOptions['models'] & object
    const client = open({ ...syntheticOptions(false), cpuRuntime: 'onnxruntime', models })
    return rejectedBy(client.embeddings.create({ model: name, input: 'red' }))
  }

  test('weights that lie in a file which the recipe does not list', async () => {
    const error = await failure('external-data', { externalData: ['onnx/model.onnx_data'] })
    expect(error).toMatchObject({ code: 'bad_model_file', status: 502 })
    expect(error.message).toContain('model.onnx_data_1')
  })

  test('an output that is a cache, not a vector', async () => {
    const error = await failure('decoder-cache', { output: 'present.0.key' })
    expect(error).toMatchObject({ code: 'bad_model_file', status: 502 })
    expect(error.message).toContain('present.0.key')
  })
})
