/** A GPU has to prove itself: by a known answer, and by its times beside the CPU's. What was found is remembered. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EmbeddingsClient, type EmbeddingsClientOptions } from '../../src/index.ts'
import { agreement } from '../browser/reference.ts'
import { synthetic, syntheticOptions } from '../browser/synthetic-models.ts'
import { until } from '../browser/until.ts'
import { deleteVerdicts, editVerdicts, faultyGpuWorker, gpuMachineWorker } from './gpu-machine.ts'

const SHIPPED = 'all-MiniLM-L6-v2'

interface Manifest {
  revision: string
  knownAnswer?: unknown
  variants: { device: string; file: string }[]
}

let open: EmbeddingsClient[] = []
let started = 0
const channel = new BroadcastChannel('gpu-service')
channel.addEventListener('message', () => started++)

function client(options: EmbeddingsClientOptions): EmbeddingsClient {
  const made = new EmbeddingsClient({ modelsUrl: '/models/', workers: 1, ...options })
  open.push(made)
  return made
}

/** A client on a machine whose software adapter passes for a GPU. */
function onGpuMachine(options: EmbeddingsClientOptions = {}): EmbeddingsClient {
  return client({ createWorker: gpuMachineWorker, ...options })
}

/** Inference workers that live, by the locks that they hold. */
async function inferenceWorkers(): Promise<number> {
  const { held = [] } = await navigator.locks.query()
  return held.filter(({ name }) => name?.startsWith('browser-embeddings:inference:')).length
}

const closeAll = async (): Promise<void> => {
  await Promise.all(open.map((made) => made.close()))
  open = []
}

async function manifestOf(url: string): Promise<Manifest> {
  return (await (await fetch(url)).json()) as Manifest
}

/** The tiny model, for both devices from one file. */
async function tinyForBoth(): Promise<Manifest> {
  const manifest = await manifestOf('/fixtures/tiny/tiny-mean/manifest.json')
  delete manifest.knownAnswer
  const [variant] = manifest.variants
  return { ...manifest, variants: [{ ...variant!, device: 'webgpu' }, variant!] }
}

/** A model whose fused attention takes, from 32 tokens on, a shader that is wrong on SwiftShader (tools/prepare-model/README.md). */
const WRONG = 'decoder-fused'

/** Its recipe, without an answer of its own. */
function wrongOnGpu() {
  const { knownAnswer: _, ...recipe } = synthetic.models[WRONG]!.recipe as { knownAnswer?: unknown }
  return recipe as NonNullable<EmbeddingsClientOptions['models']>[number]
}

const TINY = { modelsUrl: '/fixtures/tiny/' }

describe('trust in a GPU', () => {
  beforeEach(async () => {
    await deleteVerdicts()
    started = 0
  })
  afterEach(closeAll)

  test('WebGPU in software is passed over by name on auto, and its graph is not fetched', async () => {
    const { backend, background } = await client({ storage: 'memory' }).models.load(SHIPPED)
    expect(backend?.device).toBe('wasm')
    expect(background).toEqual(backend)
    const { models } = open[0]!
    await until(async () => /software/.test((await models.status(SHIPPED)).attempts[0]!.reason))
    const { attempts, verdicts } = await models.status(SHIPPED)
    expect(attempts[0]).toMatchObject({ device: 'webgpu', chosen: false })
    expect(attempts[0]!.reason).toMatch(/^google swiftshader .*is WebGPU in software, not a GPU$/i)
    expect(verdicts).toEqual([])
  })

  test('a model without a known answer: the CPU computes one, once, and ends', async () => {
    const options = { ...TINY, device: 'webgpu', models: [await tinyForBoth()] } as const
    const first = onGpuMachine(options)
    const { backend, background, attempts, verdicts } = await first.models.load('tiny-mean')
    expect(backend).toMatchObject({ device: 'webgpu', workers: 1, file: 'onnx/model.onnx' })
    expect(background).toEqual(backend)
    expect(backend?.knownAnswerCosine).toBeGreaterThan(0.9999)
    expect(attempts).toEqual([{ device: 'webgpu', reason: 'chosen', chosen: true }])
    expect(verdicts).toHaveLength(1)
    expect(verdicts[0]).toMatchObject({ passed: true, leastCosine: 0.99, dtype: 'fp32', comparison: null })
    expect(verdicts[0]!.browser).toMatch(/\d+\.\d+/)
    await until(async () => (await inferenceWorkers()) === 1)
    const afterFirst = started
    expect(afterFirst).toBeGreaterThanOrEqual(2)

    const second = onGpuMachine(options)
    expect((await second.models.load('tiny-mean')).backend?.device).toBe('webgpu')
    expect(started - afterFirst).toBe(1)
  })

  test('a graph that the GPU cannot run is told of, also where another one serves', async () => {
    const adapter = await navigator.gpu.requestAdapter()
    const manifest = await tinyForBoth()
    const [onGpu, onCpu] = manifest.variants
    const half = { ...onGpu!, dtype: 'fp16' }
    const made = client({
      ...TINY,
      models: [{ ...manifest, variants: [half, onGpu!, onCpu!] }],
      device: 'webgpu',
    })
    const { attempts } = await made.models.load('tiny-mean')
    const chosen = { device: 'webgpu', reason: 'chosen', chosen: true }
    const passedOver = {
      device: 'webgpu',
      reason: `${half.file}: the GPU has no shader-f16`,
      chosen: false,
    }
    expect(attempts).toEqual(adapter!.features.has('shader-f16') ? [chosen] : [passedOver, chosen])
  })

  test('a GPU that computes wrongly is found by the answer of the CPU, and never used again for the model', async () => {
    const models = [wrongOnGpu()]
    const options = { ...syntheticOptions(false), storage: 'auto', models } as const
    const first = onGpuMachine({ ...options, device: 'webgpu' })
    await expect(first.models.load(WRONG)).rejects.toMatchObject({
      code: 'invalid_output',
      message: expect.stringMatching(/^known-answer cosine 0\.9\d\d$/) as string,
    })
    const [verdict] = (await first.models.status(WRONG)).verdicts
    expect(verdict).toMatchObject({ passed: false, leastCosine: 0.99, file: 'onnx/model.onnx' })
    expect(verdict!.cosine).toBeLessThan(0.99)
    await closeAll()

    started = 0
    const second = onGpuMachine({ ...options, device: 'webgpu' })
    const refused = second.models.load(WRONG)
    await expect(refused).rejects.toMatchObject({
      code: 'unsupported_environment',
      message: expect.stringMatching(/webgpu: known-answer cosine 0\.9\d\d \(onnx.*, tested 20/) as string,
    })
    expect(started).toBe(0)

    const cpu = onGpuMachine(options)
    expect((await cpu.models.load(WRONG)).backend?.device).toBe('wasm')
    await until(async () => /known-answer/.test((await cpu.models.status(WRONG)).attempts[0]!.reason))

    await second.models.delete(WRONG)
    expect((await second.models.status(WRONG)).verdicts).toEqual([])
    await expect(second.models.load(WRONG)).rejects.toMatchObject({ code: 'invalid_output' })
  })

  test('nothing to compute an answer by: the reason, not a pass', async () => {
    const both = await tinyForBoth()
    const models = [{ ...both, variants: both.variants.slice(0, 1) }]
    const gpu = client({ ...TINY, device: 'webgpu', models, cpuRuntime: 'onnxruntime', storage: 'memory' })
    await expect(gpu.models.load('tiny-mean')).rejects.toMatchObject({
      code: 'unsupported_environment',
      message: expect.stringMatching(/^WebGPU cannot be tested: .*no known answer/) as string,
    })
  })
})

describe('a GPU beside the CPU', () => {
  beforeEach(deleteVerdicts)
  afterEach(closeAll)

  const times = (query: number, bulk: number) => ({ query, bulk })
  const decided = /no faster|vectors differ|^chosen/

  async function loaded(options: EmbeddingsClientOptions): Promise<EmbeddingsClient> {
    const made = client(options)
    await made.models.load('tiny-mean')
    return made
  }

  async function spaceOf(made: EmbeddingsClient): Promise<string | undefined> {
    return (await made.embeddings.create({ model: 'tiny-mean', input: 'red' })).system_fingerprint
  }

  async function trialOf(made: EmbeddingsClient, id: string) {
    await until(async () => decided.test((await made.models.status(id)).attempts[0]!.reason))
    return made.models.status(id)
  }

  test('the CPU answers at once; the GPU is tried beside it and not taken where it is slower', async () => {
    // One kind of CPU session, so that workers can be counted.
    const both = { ...TINY, models: [await tinyForBoth()], cpuRuntime: 'onnxruntime' } as const
    const auto = onGpuMachine(both)
    const loaded = await auto.models.load('tiny-mean')
    expect(loaded.backend?.device).toBe('wasm')
    expect(loaded.attempts[0]).toMatchObject({ device: 'webgpu', chosen: false })
    const { data } = await auto.embeddings.create({ model: 'tiny-mean', input: 'red' })
    expect(data).toHaveLength(1)
    const { backend, attempts, verdicts } = await trialOf(auto, 'tiny-mean')
    expect(backend?.device).toBe('wasm')
    expect(attempts[0]!.reason).toMatch(/^no faster than the CPU: a query \d+/)
    const { comparison, cosine, passed } = verdicts[0]!
    expect(passed).toBe(true)
    expect(cosine).toBeGreaterThan(0.999)
    expect(comparison!.agreement).toBeGreaterThan(0.99)
    expect(comparison!.webgpu.query).toBeGreaterThan(comparison!.wasm.query)
    console.log('SwiftShader beside the CPU', comparison)

    await closeAll()
    started = 0
    const again = onGpuMachine(both)
    await again.models.load('tiny-mean')
    expect((await trialOf(again, 'tiny-mean')).attempts[0]!.reason).toMatch(/^no faster than the CPU/)
    expect(started).toBe(1)

    // As a fast GPU would have done: the next load goes straight there, and no CPU session is made.
    await closeAll()
    const fast = { agreement: 0.9999, webgpu: times(1, 1), wasm: times(10, 100) }
    await editVerdicts((verdict) => ({ ...verdict, comparison: { ...verdict.comparison!, ...fast } }))
    started = 0
    const onGpu = onGpuMachine(both)
    const status = await onGpu.models.load('tiny-mean')
    expect(status.backend?.device).toBe('webgpu')
    expect(status.attempts).toEqual([{ device: 'webgpu', reason: 'chosen', chosen: true }])
    expect(started).toBe(1)
    expect(await spaceOf(onGpu)).toContain(':fp32:')

    // Its vectors are not the CPU's, though of the same dtype: it serves nothing unless it is asked for, and under a name of its own.
    await closeAll()
    await editVerdicts((verdict) => ({
      ...verdict,
      comparison: { ...verdict.comparison!, ...fast, agreement: 0.9979 },
    }))
    const wary = onGpuMachine(both)
    expect(await spaceOf(wary)).toContain(':fp32:')
    const differs = (await trialOf(wary, 'tiny-mean')).attempts[0]
    expect(differs).toMatchObject({
      chosen: false,
      reason: expect.stringMatching(/^its vectors differ.*0\.9979/),
    })
    await closeAll()
    expect(await spaceOf(onGpuMachine({ ...both, device: 'webgpu' }))).toContain(':fp32+webgpu:')
  })

  test('other weights on the GPU: who serves is decided before the first vector, and the same on later visits', async () => {
    const { variants, ...manifest } = await tinyForBoth()
    const models = [
      {
        ...manifest,
        variants: variants.map((variant, index) => (index === 0 ? variant : { ...variant, dtype: 'q8' })),
      },
    ]
    const auto = onGpuMachine({ ...TINY, models, cpuRuntime: 'onnxruntime' })
    const { backend, attempts, verdicts } = await auto.models.load('tiny-mean')
    expect(backend).toMatchObject({ device: 'wasm', dtype: 'q8' })
    expect(attempts[0]).toMatchObject({
      chosen: false,
      reason: expect.stringMatching(/^no faster than the CPU/),
    })
    expect(verdicts[0]).toMatchObject({ passed: true, dtype: 'fp32' })
    const space = await spaceOf(auto)
    expect(space).toContain(':q8.2:')
    await closeAll()
    expect(await spaceOf(onGpuMachine({ ...TINY, models, cpuRuntime: 'onnxruntime' }))).toBe(space)
  })

  test('other weights on a GPU that fails: what the CPU computes in its place is not named after the GPU', async () => {
    const { variants, ...manifest } = await tinyForBoth()
    const models = [
      {
        ...manifest,
        variants: variants.map((variant, index) => (index === 0 ? variant : { ...variant, dtype: 'q8' })),
      },
    ]
    const options = { ...TINY, models, cpuRuntime: 'onnxruntime', createWorker: faultyGpuWorker } as const
    await trialOf(await loaded(options), 'tiny-mean')
    await closeAll()
    const fast = { agreement: 0.9999, webgpu: times(1, 1), wasm: times(10, 100) }
    await editVerdicts((verdict) => ({ ...verdict, comparison: { ...verdict.comparison!, ...fast } }))
    const faulty = await loaded(options)
    expect(await spaceOf(faulty)).toContain(':fp32:')
    const gpu = new BroadcastChannel('faulty-gpu')
    const refusing = new Promise((resolve) => (gpu.onmessage = resolve))
    gpu.postMessage('refuse')
    await refusing
    gpu.close()
    expect(await spaceOf(faulty)).toContain(':q8.2:')
    const { backend, background, attempts } = await faulty.models.status('tiny-mean')
    expect([backend?.device, background?.device]).toEqual(['wasm', 'wasm'])
    expect(attempts.filter(({ device }) => device === 'webgpu').at(-1)?.reason).toMatch(/^failed: /)
  })

  test('each serves what it does faster', async () => {
    const model = 'bert-mean'
    const options = { ...syntheticOptions(true), storage: 'auto' } as const
    const gpu = client({ ...options, device: 'webgpu' })
    await gpu.models.load(model)
    await closeAll()
    // As a GPU would have done that is slow to answer one text and fast with many.
    const comparison = {
      agreement: 0.9999,
      webgpu: times(10, 1),
      wasm: times(1, 100),
      cpu: 'onnxruntime wasm onnx/model.onnx 1×1',
    }
    await editVerdicts((verdict) => ({ ...verdict, comparison }))
    const devices: string[] = []
    const mixed = onGpuMachine({
      ...options,
      cpuRuntime: 'onnxruntime',
      onProgress: (event) => {
        if (event.type === 'ready') devices.push(event.device)
      },
    })
    expect((await mixed.models.load(model)).backend?.device).toBe('wasm')
    await until(async () => (await mixed.models.status(model)).background?.device === 'webgpu')
    const { backend, attempts } = await mixed.models.status(model)
    expect(backend?.device).toBe('wasm')
    expect(attempts).toEqual([
      { device: 'webgpu', reason: 'chosen for background requests', chosen: true },
      { device: 'wasm', reason: 'chosen', chosen: true },
    ])
    expect(devices).toEqual(['wasm', 'webgpu'])
    const create = (priority: 'interactive' | 'background') =>
      mixed.embeddings.create({ model, input: 'red' }, { priority })
    const [lone, bulk] = [await create('interactive'), await create('background')]
    expect(lone.system_fingerprint).toBe(bulk.system_fingerprint)
    const [a, b] = [lone.data[0]!.embedding, bulk.data[0]!.embedding]
    const { minimum } = agreement([a], [Float32Array.from(b)])
    expect(minimum).toBeGreaterThan(0.9999)
    // These two sessions never agree to the last bit: equal vectors would mean that one of them answered both.
    expect(a).not.toEqual(b)
  })
})
