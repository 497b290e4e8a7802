/** The CPU encoder in a real browser: both builds, the session contract, and the way through the whole library. */

import { afterEach, describe, expect, test } from 'vitest'
import { EmbeddingsClient, type EmbeddingsClientOptions } from '../../src/index.ts'
import { createOnnxSession } from '../../src/engine/session.ts'
import { runtimeFiles } from '../../src/engine/runtime-files.ts'
import { Encoder } from '../../src/simd/encoder.ts'
import { loadEncoderModule, supportedBuild, type EncoderExports } from '../../src/simd/encoder-module.ts'
import { EXPECTED_HASH, selfTestHashes } from '../../src/simd/self-test.ts'
import { createSimdSession, prepareEncoder } from '../../src/simd/session.ts'
import { makeEncoder } from '../unit/simd/float-encoder.ts'
import { agreement, referenceRows, referenceTexts } from './reference.ts'
import { testSessionContract } from './session-contract.ts'
import { haveSharedModels } from './shared-models.ts'
import { expectNativeVectors, syntheticOptions } from './synthetic-models.ts'
import { requestsOfWorker } from './worker-requests.ts'

const MODEL = 'all-MiniLM-L6-v2'
const GRAPH = `/models/${MODEL}/onnx/model_q8_wasm.onnx`

const modelConfig = async (path = GRAPH) => ({
  model: await (await fetch(path)).arrayBuffer(),
  externalData: [],
  output: 'sentence_embedding',
  pooled: true,
  pooling: 'mean' as const,
  width: 384,
  maxTokens: 256,
})

testSessionContract(
  'simd',
  async () => createSimdSession(await prepareEncoder('relaxed'), await modelConfig()),
  {
    mean: 0.998,
    minimum: 0.99,
    // Exactly; the cosine of a vector to itself is 1 but for the rounding of its own computation.
    inCompany: 0.999999,
  },
)

testSessionContract(
  'onnxruntime',
  async () =>
    createOnnxSession({
      kind: 'onnxruntime',
      build: 'wasm',
      runtime: runtimeFiles('wasm', null),
      threads: 1,
      device: 'wasm',
      padTokenId: 0,
      paddingSide: 'right',
      disabledOptimizers: [],
      ...(await modelConfig()),
    }),
  { mean: 0.995, minimum: 0.985, inCompany: 0.998 },
)

describe('the two builds', () => {
  test('run here, with exactly the bits they were built for', async () => {
    expect(supportedBuild()).toBe('relaxed')
    for (const build of ['relaxed', 'plain'] as const) {
      expect([build, await selfTestHashes(await loadEncoderModule(build))]).toEqual([
        build,
        [EXPECTED_HASH, EXPECTED_HASH],
      ])
    }
  })

  test('tell by one product which instruction the browser has for them', async () => {
    for (const shared of [false, true]) {
      const { module } = await loadEncoderModule('relaxed', shared)
      const memory = new WebAssembly.Memory(shared ? { initial: 1, maximum: 65_536, shared } : { initial: 1 })
      const instance = await WebAssembly.instantiate(module, { env: { memory } })
      const exports = instance.exports as unknown as EncoderExports
      // Operands that every instruction has to compute alike, then one by which they differ (src/simd/kernel-choice.ts).
      expect([exports.sumOfFour(127, 127), exports.sumOfFour(-128, 127)]).toEqual([64_516, -65_024])
      expect([65_534, 129_540, -508]).toContain(exports.sumOfFour(127, 255))
    }
  })

  test('give the same bits, alone and in a batch', async () => {
    const relaxed = await createSimdSession(await prepareEncoder('relaxed'), await modelConfig())
    const plain = await createSimdSession(await prepareEncoder('plain'), await modelConfig())
    const texts = (await referenceRows('all-MiniLM-L6-v2.fp32')).map(({ tokens }) => Int32Array.from(tokens))
    const lengths = Int32Array.from(texts, (tokens) => tokens.length)
    const batch = await plain.run({ ids: Int32Array.from(texts.flatMap((tokens) => [...tokens])), lengths })
    for (const [row, ids] of texts.entries()) {
      const alone = await relaxed.run({ ids, lengths: Int32Array.of(ids.length) })
      expect(batch.slice(row * 384, (row + 1) * 384)).toEqual(alone)
    }
  })

  // From 8 to 9 and from 16 to 17, sums over 64 and over 32 inputs leave int16 (src/simd/assembly/limits.ts).
  test.each([-128, -64, -17, -16, -9, -8, 8, 9, 16, 17, 64, 127])(
    'give the same bits where every weight is %d, with activations of both ends of their range',
    async (weight) => {
      for (const activation of [-1, 1]) {
        const model = makeEncoder({ hidden: 128, heads: 2, inner: 512, layers: 2 })
        for (const { query, key, value, output, up, down } of model.layers) {
          for (const { matrix } of [query, key, value, output, up, down]) {
            new Int8Array(matrix.values.bytes.buffer).fill(weight)
          }
        }
        // Attention in the first layer and the feed-forward matrices in the second one get rows of nothing but this,
        // rounded to the uppermost step or to 0.
        for (const { gamma, beta } of [model.embeddingNorm, model.layers[1]!.outputNorm]) {
          gamma.fill(0)
          beta.fill(activation)
        }
        const ids = Int32Array.from({ length: 23 }, (_, at) => (at * 7) % 32)
        const batch = { ids, lengths: Int32Array.of(ids.length) }
        const plain = await Encoder.create(await loadEncoderModule('plain'), model)
        const relaxed = await Encoder.create(await loadEncoderModule('relaxed'), model)
        const expected = plain.encode(batch)
        expect(relaxed.encode(batch, true)).toEqual(expected)
        expect(relaxed.encode(batch, false)).toEqual(expected)
      }
    },
  )

  test.each([
    [96, 6, 1952],
    [96, 6, 4000],
    [160, 10, 96],
    [64, 4, 96],
  ])('give the same bits where %d × %d × %d makes blocks of 32 inputs', async (hidden, heads, inner) => {
    const model = makeEncoder({ hidden, heads, inner, layers: 2 })
    const plain = await Encoder.create(await loadEncoderModule('plain'), model)
    const relaxed = await Encoder.create(await loadEncoderModule('relaxed'), model)
    for (const length of [1, 2, 23]) {
      const batch = {
        ids: Int32Array.from({ length }, (_, at) => (at * 7) % 32),
        lengths: Int32Array.of(length),
      }
      const expected = plain.encode(batch)
      expect(relaxed.encode(batch, true)).toEqual(expected)
      expect(relaxed.encode(batch, false)).toEqual(expected)
    }
  })

  test('read the graph for WebGPU as well', async () => {
    const session = await createSimdSession(
      await prepareEncoder('relaxed'),
      await modelConfig(`/models/${MODEL}/onnx/model_q8_webgpu.onnx`),
    )
    const [row] = await referenceRows('all-MiniLM-L6-v2.fp32')
    const ids = Int32Array.from(row!.tokens)
    const vector = await session.run({ ids, lengths: Int32Array.of(ids.length) })
    expect(vector.reduce((sum, value, at) => sum + value * row!.embedding[at]!, 0)).toBeGreaterThan(0.99)
  })
})

const hub = (await haveSharedModels('the hub files on the CPU encoder'))
  ? [
      { id: 'all-MiniLM-L6-v2', reference: 'all-MiniLM-L6-v2.fp32', mean: 0.99, minimum: 0.97 },
      { id: 'bge-small-en-v1.5', reference: null, mean: 0, minimum: 0 },
      { id: 'e5-small-v2', reference: null, mean: 0, minimum: 0 },
    ]
  : []

describe('in the library', () => {
  const open: EmbeddingsClient[] = []
  const makeClient = (options: EmbeddingsClientOptions): EmbeddingsClient => {
    const client = new EmbeddingsClient({
      modelsUrl: '/models/',
      device: 'wasm',
      storage: 'memory',
      ...options,
    })
    open.push(client)
    return client
  }
  afterEach(() => Promise.all(open.splice(0).map((client) => client.close())))

  test('runs on the CPU, and nothing of onnxruntime is asked for', async () => {
    // Where onnxruntime's files are not, it could not start.
    const client = makeClient({ runtimeUrl: '/nowhere/' })
    const { backend, attempts } = await client.models.load(MODEL)
    expect(backend).toMatchObject({ device: 'wasm', runtime: 'simd', build: 'relaxed', threads: 1 })
    expect(backend?.knownAnswerCosine).toBeGreaterThan(0.995)
    expect(attempts).toEqual([{ device: 'wasm', reason: 'chosen', chosen: true }])
    const input = await referenceTexts()
    const { data } = await client.embeddings.create({ model: MODEL, input, truncate: true })
    expect(data).toHaveLength(input.length)
  })

  test('one file of a manifest serves the CPU and the GPU, and is fetched once', async () => {
    const manifest = (await (await fetch(`/models/${MODEL}/manifest.json`)).json()) as {
      variants: { device: string; file: string }[]
    }
    const { file } = manifest.variants.find(({ device }) => device === 'webgpu')!
    const variants = manifest.variants.map((variant) => ({ ...variant, file }))
    const client = makeClient({
      device: 'auto',
      runtimeUrl: '/nowhere/',
      models: [{ ...manifest, variants }],
      createWorker: () =>
        new Worker(new URL('./services/observed-service.ts', import.meta.url), { type: 'module' }),
    })
    const input = await referenceTexts()
    const { data } = await client.embeddings.create({ model: MODEL, input, truncate: true })
    expect((await client.models.status(MODEL)).backend).toMatchObject({ runtime: 'simd' })
    expect((await requestsOfWorker()).filter((path) => path.endsWith('.onnx'))).toEqual([
      `/models/${MODEL}/${file}`,
    ])
    const found = agreement(
      data.map(({ embedding }) => embedding),
      (await referenceRows('all-MiniLM-L6-v2.fp32')).map(({ embedding }) => embedding),
    )
    expect(found.mean).toBeGreaterThan(0.998)
    expect(found.minimum).toBeGreaterThan(0.99)
  })

  test('several workers give the bits of one', async () => {
    const input = Array.from(
      { length: 60 },
      (_, index) => `text number ${String(index)} ${'word '.repeat(index)}`,
    )
    const vectors: number[][][] = []
    for (const workers of [1, 3]) {
      const client = makeClient({ workers })
      const { data } = await client.embeddings.create({ model: MODEL, input })
      vectors.push(data.map(({ embedding }) => embedding))
    }
    expect(vectors[1]).toEqual(vectors[0])
  })

  test('cpuRuntime: onnxruntime overrides', async () => {
    const { backend } = await makeClient({ cpuRuntime: 'onnxruntime', workers: 1 }).models.load(MODEL)
    expect(backend).toMatchObject({ runtime: 'onnxruntime', build: 'wasm' })
  })

  test('a model that it does not know goes to onnxruntime, with the reason', async () => {
    const client = makeClient({
      modelsUrl: '/fixtures/tiny/',
      workers: 1,
      createWorker: () =>
        new Worker(new URL('./services/observed-service.ts', import.meta.url), { type: 'module' }),
    })
    const { backend, attempts } = await client.models.load('tiny-mean')
    expect(backend?.runtime).toBe('onnxruntime')
    // In the worker that was there, and of the bytes that were there.
    const requests = await requestsOfWorker()
    expect(requests.filter((path) => path.endsWith('.onnx'))).toHaveLength(1)
    expect(requests.filter((path) => path.includes('inference-entry'))).toHaveLength(1)
    expect(attempts).toEqual([
      {
        device: 'wasm',
        reason: expect.stringMatching(/^The CPU encoder does not run this model: /) as string,
        chosen: false,
      },
      { device: 'wasm', reason: 'chosen', chosen: true },
    ])
  })

  test.each(['bert-cls', 'distilbert', 'fp16', 'int32-inputs', 'q8', 'xlm-roberta'])(
    '%s is an architecture that it knows',
    async (name) => {
      const client = makeClient({ ...syntheticOptions(true), workers: 1 })
      expect((await client.models.load(name)).backend?.runtime).toBe('simd')
      await expectNativeVectors(client, name, { least: 0.99, ...(name === 'q8' ? { like: 'bert-mean' } : {}) })
    },
  )

  test.each(hub)("$id, the hub's file, runs on it", async ({ id, reference, mean, minimum }) => {
    const client = makeClient({ modelsUrl: '/shared-models/', runtimeUrl: '/nowhere/', workers: 1 })
    const input = await referenceTexts()
    const { data } = await client.embeddings.create({ model: id, input, truncate: true })
    expect((await client.models.status(id)).backend).toMatchObject({ runtime: 'simd', knownAnswerCosine: null })
    if (reference === null) return
    const found = agreement(
      data.map(({ embedding }) => embedding),
      (await referenceRows(reference)).map(({ embedding }) => embedding),
    )
    console.log(`${id}, the hub's file: cosine to fp32`, found)
    expect(found.mean).toBeGreaterThan(mean)
    expect(found.minimum).toBeGreaterThan(minimum)
  })
})
