/** The platform's own `navigator.gpu` cannot be made to hang or to answer late; objects in its shape can. */

import { describe, expect, test } from 'vitest'
import { cpuLayout } from '../../../src/engine/backend.ts'
import { probeWebGpu } from '../../../src/engine/webgpu-adapter.ts'

const INFO = { vendor: 'acme', architecture: 'gen-2', device: '', description: '', driver: '1.2.3' }

function makeAdapter(info: Record<string, unknown>, rest: Record<string, unknown> = {}): GPUAdapter {
  const limits = { maxBufferSize: 2 ** 31, maxStorageBufferBindingSize: 2 ** 30 }
  return { info, features: new Set(['shader-f16']), limits, ...rest } as unknown as GPUAdapter
}

const ADAPTER = makeAdapter({ ...INFO, isFallbackAdapter: false })

const FACTS = {
  name: 'acme gen-2',
  identity: 'acme|gen-2|||1.2.3||',
  fallback: false,
  facts: { shaderF16: true, maxBufferSize: 2 ** 31, maxStorageBufferBindingSize: 2 ** 30 },
}

/** A GPU whose answers follow each other; the last one is repeated. */
function gpu(...answers: (GPUAdapter | null | Error | 'hangs')[]): GPU & { asked: number } {
  const fake = {
    asked: 0,
    requestAdapter(): Promise<GPUAdapter | null> {
      const answer = answers[Math.min(fake.asked++, answers.length - 1)]
      if (answer === 'hangs') return new Promise(() => undefined)
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer ?? null)
    },
  }
  return fake as unknown as GPU & { asked: number }
}

const QUICK = { pause: 1, timeout: 30 }

describe('probeWebGpu', () => {
  test('no navigator.gpu', async () => {
    expect(await probeWebGpu(undefined)).toEqual({ usable: false, reason: 'no navigator.gpu' })
  })

  test('an adapter at once', async () => {
    const one = gpu(ADAPTER)
    expect(await probeWebGpu(one, QUICK)).toEqual({ usable: true, adapter: FACTS })
    expect(one.asked).toBe(1)
  })

  test('software adapters are told apart, where newer and where older browsers say it', async () => {
    for (const adapter of [
      makeAdapter({ ...INFO, isFallbackAdapter: true }),
      makeAdapter({ vendor: 'google', architecture: 'swiftshader' }, { isFallbackAdapter: true }),
    ]) {
      expect(await probeWebGpu(gpu(adapter), QUICK)).toMatchObject({ adapter: { fallback: true } })
    }
  })

  test('an adapter that tells nothing of itself has a name all the same', async () => {
    const silent = makeAdapter({ vendor: '', architecture: '', device: '', description: '' })
    const probe = await probeWebGpu(gpu(silent), QUICK)
    expect(probe).toMatchObject({ adapter: { name: 'unnamed adapter', fallback: false } })
  })

  test('null at first, while the GPU process starts, is asked again', async () => {
    const late = gpu(null, null, ADAPTER)
    expect(await probeWebGpu(late, QUICK)).toEqual({ usable: true, adapter: FACTS })
    expect(late.asked).toBe(3)
  })

  test('null three times: no adapter, and the next probe asks afresh', async () => {
    const none = gpu(null, null, null, ADAPTER)
    expect(await probeWebGpu(none, QUICK)).toEqual({ usable: false, reason: 'no adapter' })
    expect(await probeWebGpu(none, QUICK)).toEqual({ usable: true, adapter: FACTS })
  })

  test('a request that hangs is given up', async () => {
    expect(await probeWebGpu(gpu('hangs'), QUICK)).toEqual({ usable: false, reason: 'adapter timed out' })
  })

  test('a request that fails says so', async () => {
    expect(await probeWebGpu(gpu(new Error('GPU process died')), QUICK)).toEqual({
      usable: false,
      reason: 'adapter request failed: GPU process died',
    })
  })

  test('three tries take the default pauses', async () => {
    const start = performance.now()
    await probeWebGpu(gpu(null))
    expect(performance.now() - start).toBeGreaterThanOrEqual(145)
  })
})

describe('cpuLayout', () => {
  const AUTO = { workers: 'auto', threads: null } as const

  test.each([
    ['one worker a core', 2, true, AUTO, { workers: 2, threads: 1 }],
    ['four workers at most', 16, true, AUTO, { workers: 4, threads: 1 }],
    ['one worker on one core', 1, false, AUTO, { workers: 1, threads: 1 }],
    ['threads take the cores', 4, true, { workers: 'auto', threads: 4 }, { workers: 1, threads: 4 }],
    ['no more threads than cores', 2, true, { workers: 'auto', threads: 8 }, { workers: 1, threads: 2 }],
    ['no threads without isolation', 4, false, { workers: 'auto', threads: 4 }, { workers: 4, threads: 1 }],
    ['as many workers as asked for', 2, true, { workers: 3, threads: null }, { workers: 3, threads: 1 }],
  ] as const)('%s', (_name, cores, isolated, asked, expected) => {
    expect(cpuLayout(cores, isolated, asked)).toEqual(expected)
  })
})
