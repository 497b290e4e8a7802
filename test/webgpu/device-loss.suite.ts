/** The GPU process is crashed for real, as a driver's fault would: nothing is lost, and after the second time WASM runs. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cdp } from 'vitest/browser'
import { EmbeddingsClient } from '../../src/index.ts'
import { agreement, referenceRows, referenceTexts } from '../browser/reference.ts'
import { until } from '../browser/until.ts'

describe('a lost GPU', () => {
  const MODEL = 'all-MiniLM-L6-v2'
  const client = new EmbeddingsClient({ modelsUrl: '/models/' })
  let texts: string[]
  let fp32: Float32Array[]

  beforeAll(async () => {
    texts = (await referenceTexts()).slice(0, 6)
    fp32 = (await referenceRows('all-MiniLM-L6-v2.fp32')).slice(0, 6).map(({ embedding }) => embedding)
  })

  afterAll(() => client.close())

  async function crashGpu(): Promise<void> {
    // The command ends the process that would answer it.
    await cdp()
      .send('Browser.crashGpuProcess')
      .catch(() => undefined)
  }

  /** One request a text, so that some wait while others run. */
  const embedAll = () => Promise.all(texts.map((input) => client.embeddings.create({ model: MODEL, input })))

  async function expectRight(pending: ReturnType<typeof embedAll>): Promise<void> {
    const answers = await pending
    expect(answers).toHaveLength(texts.length)
    const { mean } = agreement(
      answers.map(({ data }) => data[0]!.embedding),
      fp32,
    )
    expect(mean).toBeGreaterThanOrEqual(0.995)
  }

  test('lost once under requests: they are run again on the GPU and answered rightly', async () => {
    const { backend, attempts } = await client.models.load(MODEL)
    expect(backend).toMatchObject({ device: 'webgpu', workers: 1 })
    expect(attempts).toEqual([{ device: 'webgpu', reason: 'chosen', chosen: true }])
    const pending = embedAll()
    await crashGpu()
    await expectRight(pending)
    expect((await client.models.status(MODEL)).backend?.device).toBe('webgpu')
  })

  test('lost twice: WASM takes over, answers rightly, and status says why', async () => {
    const pending = embedAll()
    await crashGpu()
    await expectRight(pending)
    await until(async () => (await client.models.status(MODEL)).backend?.device === 'wasm')
    const { attempts, state } = await client.models.status(MODEL)
    expect(state).toBe('ready')
    expect(attempts.map(({ device, chosen }) => [device, chosen])).toEqual([
      ['webgpu', true],
      ['webgpu', false],
      ['wasm', true],
    ])
    expect(attempts[1]?.reason).toMatch(/^lost 2 times: The GPU device was lost/)
    await expectRight(embedAll())
  })
})
