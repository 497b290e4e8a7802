/**
 * The GPU process is crashed for real, as a driver's fault would. On `auto` nothing is lost, and after the second time
 * WASM runs; where WebGPU was asked for, the loss reaches the caller once no adapter is to be had.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cdp } from 'vitest/browser'
import { EmbeddingsClient, type EmbeddingsClientOptions } from '../../src/index.ts'
import { agreement } from '../browser/reference.ts'
import { nativeVectors, synthetic, syntheticOptions } from '../browser/synthetic-models.ts'
import { until } from '../browser/until.ts'
import { deleteVerdicts, editVerdicts, gpuMachineWorker } from './gpu-machine.ts'

/** A small one: SwiftShader takes 10 s to load the model that is shipped, and each loss loads it again. */
const MODEL = 'bert-mean'
/** In all ten times what a crash takes to arrive, so that it comes in the middle. */
const ROUNDS = 5

/** As most models of the hub: other weights on WebGPU than on the CPU. */
function withDtypesOfTheirOwn(): NonNullable<EmbeddingsClientOptions['models']>[number] {
  const recipe = synthetic.models[MODEL]!.recipe as { variants: { device: string }[] }
  const variants = recipe.variants.map((variant) =>
    variant.device === 'wasm' ? { ...variant, dtype: 'q8' } : variant,
  )
  return { ...recipe, variants }
}

describe('a lost GPU', () => {
  const texts = Array.from({ length: ROUNDS }, () => synthetic.texts).flat()
  const wanted = Array.from({ length: ROUNDS }, () => nativeVectors(MODEL)).flat()
  // What a GPU has shown is kept where files are.
  const options = {
    ...syntheticOptions(false),
    storage: 'auto',
    models: [withDtypesOfTheirOwn()],
  } satisfies EmbeddingsClientOptions
  const explicit = new EmbeddingsClient({ ...options, device: 'webgpu' })
  let auto: EmbeddingsClient

  beforeAll(async () => {
    await deleteVerdicts()
    // The software adapter is slower than the CPU; a GPU would have been found faster on an earlier visit.
    await explicit.models.load(MODEL)
    await editVerdicts((verdict) => ({
      ...verdict,
      comparison: {
        agreement: 1,
        webgpu: { query: 1, bulk: 1 },
        wasm: { query: 10, bulk: 100 },
        cpu: 'onnxruntime wasm onnx/model.onnx 1×1',
      },
    }))
    auto = new EmbeddingsClient({
      ...options,
      createWorker: gpuMachineWorker,
      cpuRuntime: 'onnxruntime',
      workers: 1,
    })
  })

  afterAll(async () => {
    await auto.close()
    await explicit.close()
    await deleteVerdicts()
  })

  async function crashGpu(): Promise<void> {
    // The command ends the process that would answer it.
    await cdp()
      .send('Browser.crashGpuProcess')
      .catch(() => undefined)
  }

  /** One request a text, so that some wait while others run. */
  const embedAll = (client: EmbeddingsClient) =>
    Promise.all(texts.map((input) => client.embeddings.create({ model: MODEL, input })))

  async function expectRight(pending: ReturnType<typeof embedAll>): Promise<void> {
    const answers = await pending
    expect(answers).toHaveLength(texts.length)
    const { minimum } = agreement(
      answers.map(({ data }) => data[0]!.embedding),
      wanted,
    )
    expect(minimum).toBeGreaterThanOrEqual(0.9999)
  }

  test('lost once under requests: they are run again on the GPU and answered rightly', async () => {
    const { backend, attempts } = await auto.models.load(MODEL)
    expect(backend).toMatchObject({ device: 'webgpu', workers: 1 })
    expect(attempts).toEqual([{ device: 'webgpu', reason: 'chosen', chosen: true }])
    const pending = [embedAll(auto), embedAll(explicit)]
    await crashGpu()
    for (const answers of pending) await expectRight(answers)
    expect((await pending[0])?.[0]?.system_fingerprint).toContain(':fp32:')
    expect((await auto.models.status(MODEL)).backend?.device).toBe('webgpu')
    expect((await explicit.models.status(MODEL)).backend?.device).toBe('webgpu')
  })

  test('lost twice: WASM takes over, answers rightly, and status says why', async () => {
    const pending = embedAll(auto)
    // Chromium gives no adapter after the second crash, and there is nothing else that this one may use.
    const lost = expect(embedAll(explicit)).rejects.toMatchObject({ code: 'device_lost', status: 503 })
    await crashGpu()
    await expectRight(pending)
    await lost
    await until(async () => (await auto.models.status(MODEL)).backend?.device === 'wasm')
    const { attempts, state, background } = await auto.models.status(MODEL)
    expect(state).toBe('ready')
    expect(background?.device).toBe('wasm')
    expect(attempts.map(({ device, chosen }) => [device, chosen])).toEqual([
      ['webgpu', true],
      ['webgpu', false],
      ['wasm', true],
    ])
    expect(attempts[1]?.reason).toMatch(/^lost 2 times: The GPU device was lost/)
    // Named after what computed it, also the one that waited for the GPU.
    expect((await pending).at(-1)?.system_fingerprint).toContain(':q8.2:')
    const next = embedAll(auto)
    await expectRight(next)
    expect((await next).every(({ system_fingerprint: name }) => name?.includes(':q8.2:'))).toBe(true)
  })

  test('WebGPU asked for: later calls tell of the loss too, and none is answered by WASM', async () => {
    await expect(explicit.embeddings.create({ model: MODEL, input: 'Hello' })).rejects.toMatchObject({
      code: 'device_lost',
    })
    const { attempts } = await explicit.models.status(MODEL)
    expect(attempts.every(({ device }) => device === 'webgpu')).toBe(true)
  })
})
