/** What is remembered of GPUs, in the browser's own IndexedDB. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AdapterFacts } from '../../src/engine/webgpu-adapter.ts'
import { parseManifest } from '../../src/models/manifest.ts'
import type { ModelRecipe } from '../../src/models/recipe.ts'
import type { ServiceConfig } from '../../src/rpc/protocol.ts'
import { GpuRecords } from '../../src/worker/gpu-records.ts'
import { GpuTrial } from '../../src/worker/gpu-trial.ts'
import { GpuVerdicts } from '../../src/worker/gpu-verdicts.ts'

const DATABASE = 'browser-embeddings-gpu'

async function deleteDatabase(): Promise<void> {
  const deleting = indexedDB.deleteDatabase(DATABASE)
  await new Promise((resolve) => (deleting.onsuccess = resolve))
}

beforeEach(deleteDatabase)
afterEach(deleteDatabase)

describe('records', () => {
  test('last beyond the worker, newest first, by prefix', async () => {
    const first = await GpuRecords.open(true)
    await first.put('a@1', { at: 1 })
    await first.put('a@2', { at: 2 })
    await first.put('a-b@1', { at: 3 })
    const second = await GpuRecords.open(true)
    expect(second.reason).toBeNull()
    expect(await second.get('a@1')).toEqual({ at: 1 })
    expect(await second.under('a@')).toEqual([{ at: 2 }, { at: 1 }])
    await second.deleteUnder('a@')
    expect(await second.under('')).toEqual([{ at: 3 }])
    expect(await second.get('a@1')).toBeUndefined()
  })

  test('200 at most: the oldest go first', async () => {
    const records = await GpuRecords.open(true)
    for (let at = 0; at < 205; at++) await records.put(`key ${String(at)}`, { at })
    const again = await GpuRecords.open(true)
    const left = (await again.under('key')) as { at: number }[]
    expect(left).toHaveLength(200)
    expect(left.at(-1)?.at).toBe(5)
  })

  test('in memory nothing outlives them', async () => {
    const memory = await GpuRecords.open(false)
    await memory.put('a', { at: 1 })
    expect(await memory.get('a')).toEqual({ at: 1 })
    expect(await (await GpuRecords.open(true)).get('a')).toBeUndefined()
    expect(memory.reason).toBeNull()
  })

  test('a database that is taken away: this worker goes on from memory, and says why', async () => {
    const records = await GpuRecords.open(true)
    await records.put('a', { at: 1 })
    // Their connection closes for it.
    await deleteDatabase()
    await records.put('b', { at: 2 })
    expect(await records.get('a')).toEqual({ at: 1 })
    expect(await records.get('b')).toEqual({ at: 2 })
    expect(records.reason).toMatch(/^IndexedDB failed: /)
  })
})

describe('verdicts', () => {
  const ADAPTER: AdapterFacts = {
    name: 'acme gen-2',
    identity: 'acme|gen-2|||1.2.3||',
    fallback: false,
    facts: { shaderF16: true, maxBufferSize: 2 ** 31, maxStorageBufferBindingSize: 2 ** 30 },
  }
  const FAILED = { passed: false, cosine: 0.41, leastCosine: 0.99, comparison: null }
  let recipe: ModelRecipe

  beforeEach(async () => {
    recipe = parseManifest(await (await fetch('/fixtures/tiny/tiny-known/manifest.json')).json())
  })

  const variant = () => recipe.variants[0]!

  test('hold for this model, graph, adapter and driver, and for no other', async () => {
    const verdicts = await GpuVerdicts.open(true, null)
    await verdicts.put(recipe, variant(), ADAPTER, FAILED)
    const again = await GpuVerdicts.open(true, null)
    expect(await again.find(recipe, variant(), ADAPTER)).toMatchObject({ ...FAILED, adapter: 'acme gen-2' })
    const newDriver = { ...ADAPTER, identity: 'acme|gen-2|||1.2.4||' }
    expect(await again.find(recipe, variant(), newDriver)).toBeNull()
    expect(await again.find({ ...recipe, revision: '2' }, variant(), ADAPTER)).toBeNull()
    expect(await again.find({ ...recipe, path: 'another' }, variant(), ADAPTER)).toBeNull()
    expect(await again.find(recipe, { ...variant(), file: 'onnx/other.onnx' }, ADAPTER)).toBeNull()
    const files = recipe.files.map((file) => ({ ...file, sha256: '0'.repeat(64) }))
    expect(await again.find({ ...recipe, files }, variant(), ADAPTER)).toBeNull()
    const elsewhere = await GpuVerdicts.open(true, 'https://models.example/')
    expect(await elsewhere.find(recipe, variant(), ADAPTER)).toBeNull()
  })

  test('of a model are forgotten together, answers too, those of others stay', async () => {
    const verdicts = await GpuVerdicts.open(true, null)
    const other = { ...recipe, path: `${recipe.path}-2` }
    const known = { tokens: Int32Array.of(2, 4, 3), embedding: new Float32Array(8).fill(0.5), dtype: 'fp32' }
    for (const one of [recipe, { ...recipe, revision: '2' }, other]) {
      await verdicts.put(one, variant(), ADAPTER, FAILED)
      await verdicts.putAnswer(one, known)
    }
    expect(await verdicts.ofModel(recipe.path)).toHaveLength(2)
    expect(await verdicts.answer(recipe)).toMatchObject(known)
    await verdicts.forget(recipe.path)
    expect(await verdicts.ofModel(recipe.path)).toEqual([])
    expect(await verdicts.answer(recipe)).toBeNull()
    expect(await verdicts.ofModel(other.path)).toHaveLength(1)
    expect(await verdicts.answer(other)).toMatchObject(known)
  })

  test('that are not what this library writes are passed over', async () => {
    const verdicts = await GpuVerdicts.open(true, null)
    const known = { tokens: Int32Array.of(2, 4, 3), embedding: new Float32Array(8).fill(0.5), dtype: 'fp32' }
    for (const change of [
      { tokens: Int32Array.of(2, 16, 3) },
      { tokens: new Int32Array(0) },
      { embedding: new Float32Array(7) },
      { embedding: new Float32Array(8).fill(NaN) },
    ]) {
      await verdicts.putAnswer(recipe, { ...known, ...change })
      expect(await verdicts.answer(recipe)).toBeNull()
    }
    for (const change of [{ cosine: Number.NaN }, { leastCosine: Number.NaN }]) {
      await verdicts.put(recipe, variant(), ADAPTER, { ...FAILED, ...change })
      expect(await verdicts.find(recipe, variant(), ADAPTER)).toBeNull()
    }
    await verdicts.put({ ...recipe, revision: undefined as unknown as string }, variant(), ADAPTER, FAILED)
    expect(await verdicts.ofModel(recipe.path)).toEqual([])
    await verdicts.put(recipe, variant(), ADAPTER, {
      ...FAILED,
      passed: true,
      // As a damaged database might hold it.
      comparison: { agreement: 1, webgpu: { query: NaN, bulk: 1 }, wasm: { query: 1, bulk: 1 }, cpu: '' },
    })
    expect(await verdicts.find(recipe, variant(), ADAPTER)).toBeNull()
    expect(await verdicts.ofModel(recipe.path)).toEqual([])
  })

  test('of a model that was deleted do not come back from a trial that was still running', async () => {
    const verdicts = await GpuVerdicts.open(true, null)
    const unloading = new AbortController()
    const trial = trialOf(verdicts, unloading.signal)
    const candidate = { adapter: ADAPTER, variant: variant(), verdict: null, passedOver: [] }
    await trial.condemn(candidate)
    expect(await verdicts.ofModel(recipe.path)).toHaveLength(1)
    // It waits for the browser's version, then it would write.
    const condemning = trial.condemn(candidate)
    unloading.abort(new Error('unloaded'))
    const forgetting = verdicts.forget(recipe.path)
    await expect(condemning).rejects.toThrow('unloaded')
    await forgetting
    expect(await verdicts.ofModel(recipe.path)).toEqual([])
    const known = { tokens: Int32Array.of(2, 4, 3), embedding: new Float32Array(8).fill(0.5), dtype: 'fp32' }
    await expect(verdicts.putAnswer(recipe, known, unloading.signal)).rejects.toThrow('unloaded')
    expect(await verdicts.answer(recipe)).toBeNull()
  })

  test.each([
    ['agrees with the CPU', 0.998, 'fp32', 'fp32'],
    ['differs from the CPU', 0.9979, 'fp32', 'fp32+webgpu'],
    ['has a dtype of its own', 0.99, 'q8', 'fp32'],
  ])('a GPU that %s: its vectors are named after that', async (_what, agreement, cpuDtype, space) => {
    const verdicts = await GpuVerdicts.open(false, null)
    const trial = trialOf(verdicts, new AbortController().signal, cpuDtype)
    const times = { query: 1, bulk: 1 }
    const comparison = { agreement, webgpu: times, wasm: times, cpu: '' }
    const passed = { passed: true, cosine: 1, leastCosine: 0.99 }
    const timed = await verdicts.put(recipe, variant(), ADAPTER, { ...passed, comparison })
    expect(trial.spaceOf({ variant: variant(), verdict: timed })).toBe(space)
    const untimed = await verdicts.put(recipe, variant(), ADAPTER, { ...passed, comparison: null })
    expect(trial.spaceOf({ variant: variant(), verdict: untimed })).toBe('fp32')
  })

  /** The trial of a model whose CPU sessions have weights of `cpuDtype`. */
  function trialOf(verdicts: GpuVerdicts, signal: AbortSignal, cpuDtype = 'fp32'): GpuTrial {
    const runtime = {
      kind: 'simd',
      build: 'plain',
      maxTokens: recipe.maxTokens,
      otherwise: null,
      shared: false,
    } as const
    const layout = { workers: 1, threads: 1 }
    return new GpuTrial({
      recipe,
      verdicts,
      signal,
      config: {} as ServiceConfig,
      encode: () => Promise.resolve(new Int32Array(0)),
      cpuRungs: [{ device: 'wasm', runtime, layout, variant: { ...variant(), dtype: cpuDtype } }],
    })
  }
})
