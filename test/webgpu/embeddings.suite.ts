import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EmbeddingsClient } from '../../src/index.ts'
import { agreement, referenceRows, referenceTexts } from '../browser/reference.ts'

describe('embeddings on WebGPU', () => {
  const MODEL = 'all-MiniLM-L6-v2'
  /** SwiftShader takes up to 2 s a text. */
  const COUNT = 8

  let client: EmbeddingsClient
  let texts: string[]
  let together: number[][]

  beforeAll(async () => {
    client = new EmbeddingsClient({ modelsUrl: '/models/', device: 'webgpu' })
    texts = (await referenceTexts()).slice(0, COUNT)
    const { data } = await client.embeddings.create({ model: MODEL, input: texts })
    together = data.map(({ embedding }) => embedding)
  })

  afterAll(() => client.close())

  test('WebGPU is chosen after its known-answer test, and status tells what runs', async () => {
    const { backend, attempts } = await client.models.status(MODEL)
    expect(backend).toMatchObject({
      device: 'webgpu',
      build: 'jspi',
      file: 'onnx/model_q8_webgpu.onnx',
      workers: 1,
      threads: 1,
      dimensions: 384,
    })
    expect(backend?.adapter).toBeTruthy()
    expect(backend?.knownAnswerCosine).toBeGreaterThanOrEqual(0.999)
    expect(attempts).toEqual([{ device: 'webgpu', reason: 'chosen', chosen: true }])
  })

  test('vectors agree with the unquantised model', async () => {
    const fp32 = (await referenceRows('all-MiniLM-L6-v2.fp32')).slice(0, COUNT)
    const { mean, minimum } = agreement(
      together,
      fp32.map(({ embedding }) => embedding),
    )
    console.log('WebGPU beside fp32: cosine', { mean, minimum })
    expect(mean).toBeGreaterThanOrEqual(0.999)
  })

  test('a text has the same vector alone and in a batch', async () => {
    const alone: number[][] = []
    for (const input of texts) {
      alone.push((await client.embeddings.create({ model: MODEL, input })).data[0]!.embedding)
    }
    const { mean, minimum } = agreement(
      alone,
      together.map((vector) => Float32Array.from(vector)),
    )
    expect(mean).toBeGreaterThanOrEqual(0.9999)
    expect(minimum).toBeGreaterThanOrEqual(0.998)
  })

  test('requests at once are run one after the other and none is lost', async () => {
    const answers = await Promise.all(
      texts.slice(0, 4).map((input) => client.embeddings.create({ model: MODEL, input })),
    )
    const { minimum } = agreement(
      answers.map(({ data }) => data[0]!.embedding),
      together.slice(0, 4).map((vector) => Float32Array.from(vector)),
    )
    expect(minimum).toBeGreaterThanOrEqual(0.998)
  })

  test('device wasm leaves the GPU alone, in the same vector space', async () => {
    const cpu = new EmbeddingsClient({ modelsUrl: '/models/', device: 'wasm', workers: 1 })
    const onCpu = await cpu.embeddings.create({ model: MODEL, input: texts.slice(0, 4) })
    const onGpu = await client.embeddings.create({ model: MODEL, input: texts.slice(0, 4) })
    const { backend, attempts } = await cpu.models.status(MODEL)
    await cpu.close()
    expect(backend?.device).toBe('wasm')
    expect(attempts).toEqual([{ device: 'wasm', reason: 'chosen', chosen: true }])
    expect(onCpu.system_fingerprint).toBe(onGpu.system_fingerprint)
    const { mean } = agreement(
      onCpu.data.map(({ embedding }) => embedding),
      onGpu.data.map(({ embedding }) => Float32Array.from(embedding)),
    )
    expect(mean).toBeGreaterThanOrEqual(0.995)
  })
})
