import { describe, expect, test } from 'vitest'
import type { DeviceFacts } from '../../../src/models/device-facts.ts'
import { usableVariants } from '../../../src/models/dtype-choice.ts'
import { graphFile, offeredGraphs, variantsOf } from '../../../src/models/offered-graphs.ts'
import type { Device } from '../../../src/models/recipe.ts'

const MIB = 2 ** 20

/** What the hub listed of Xenova/all-MiniLM-L6-v2 (sizes rounded), beside files that are no graphs of the model. */
const MINILM: Readonly<Record<string, number>> = {
  'config.json': 650,
  'onnx/model.onnx': 86 * MIB,
  'onnx/model_fp16.onnx': 43 * MIB,
  'onnx/model_quantized.onnx': 22 * MIB,
  'onnx/model_int8.onnx': 22 * MIB,
  'onnx/model_uint8.onnx': 22 * MIB,
  'onnx/model_q4.onnx': 52 * MIB,
  'onnx/model_q4f16.onnx': 29 * MIB,
  'onnx/model_bnb4.onnx': 51 * MIB,
  'onnx/model_O4.onnx': 43 * MIB,
  'onnx/decoder_model.onnx': 1,
  'model.safetensors': 86 * MIB,
}

const graphs = (files: Readonly<Record<string, number>>) => offeredGraphs(new Map(Object.entries(files)))
const files = (entries: Readonly<Record<string, number>>) =>
  Object.entries(entries).map(([path, bytes]) => ({ path, bytes, sha256: null }))
const dtypes = (list: Readonly<Record<string, number>>, device: Device, dtype: string | null = null) =>
  variantsOf(graphs(list), dtype)
    .filter((variant) => variant.device === device)
    .map((variant) => variant.dtype)

describe('the graphs of a folder', () => {
  test('are known by the names of transformers.js; other files are none', () => {
    expect(graphs(MINILM).map(({ dtype }) => dtype)).toEqual([
      'fp32',
      'fp16',
      'q8',
      'int8',
      'uint8',
      'q4',
      'q4f16',
      'bnb4',
    ])
  })

  test('bring their external data along, all parts of it and nobody else’s', () => {
    const [fp32, q4] = graphs({
      'onnx/model.onnx': 1,
      'onnx/model.onnx_data': 10,
      'onnx/model.onnx_data_1': 100,
      'onnx/model_q4.onnx': 2,
      'onnx/model_q4.onnx_data': 20,
      'onnx/model.onnx_datasheet': 1000,
    })
    expect(fp32).toEqual({
      dtype: 'fp32',
      file: 'onnx/model.onnx',
      externalData: ['onnx/model.onnx_data', 'onnx/model.onnx_data_1'],
      bytes: 111,
    })
    expect(q4).toMatchObject({ externalData: ['onnx/model_q4.onnx_data'], bytes: 22 })
    expect(graphs({ 'onnx/model.onnx': 1, 'onnx/model.onnx.data': 5 })[0]?.externalData).toEqual(['onnx/model.onnx.data'])
  })

  test('of sentence-transformers’ own export count as 8-bit', () => {
    const list = { 'onnx/model.onnx': 1, 'onnx/model_qint8_avx512_vnni.onnx': 1, 'onnx/model_quint8_avx2.onnx': 1 }
    expect(dtypes(list, 'wasm')).toEqual(['int8', 'uint8', 'fp32'])
  })

  test('have the file names that are asked for where there is no list', () => {
    expect(graphFile('fp32')).toBe('onnx/model.onnx')
    expect(graphFile('q8')).toBe('onnx/model_quantized.onnx')
    expect(graphFile('int8')).toBe('onnx/model_int8.onnx')
    expect(graphFile('q4f16')).toBe('onnx/model_q4f16.onnx')
  })
})

describe('the order of preference', () => {
  test('of a small model', () => {
    expect(dtypes(MINILM, 'webgpu')).toEqual(['fp16', 'fp32', 'q4f16', 'q4'])
    expect(dtypes(MINILM, 'wasm')).toEqual(['q8', 'int8', 'uint8', 'fp32', 'q4', 'fp16'])
  })

  test('of a large model: 32 bits last', () => {
    const large = { ...MINILM, 'onnx/model.onnx': 1, 'onnx/model.onnx_data': 2000 * MIB }
    expect(dtypes(large, 'webgpu')).toEqual(['fp16', 'q4f16', 'q4', 'fp32'])
    expect(dtypes(large, 'wasm')).toEqual(['q8', 'int8', 'uint8', 'q4', 'fp32', 'fp16'])
  })

  test('is the caller’s where the caller has one, on both devices', () => {
    for (const device of ['webgpu', 'wasm'] as const) {
      expect(dtypes(MINILM, device, 'q8')).toEqual(['q8'])
      expect(dtypes(MINILM, device, 'bnb4')).toEqual(['bnb4'])
      expect(dtypes(MINILM, device, 'q2')).toEqual([])
    }
  })
})

describe('what a device can run', () => {
  const gpu = (facts: Partial<NonNullable<DeviceFacts['webgpu']>>): DeviceFacts => ({
    webgpu: { shaderF16: true, maxBufferSize: 2 ** 31, maxStorageBufferBindingSize: 2 ** 31 - 4, ...facts },
  })
  const minilm = { variants: variantsOf(graphs(MINILM), null), files: files(MINILM), vocabSize: 30_522, dimensions: [384] }
  const names = (recipe: typeof minilm, device: Device, facts: DeviceFacts) =>
    usableVariants(recipe, device, facts).variants.map(({ dtype }) => dtype)

  test('all of it, in its order', () => {
    expect(names(minilm, 'webgpu', gpu({}))).toEqual(['fp16', 'fp32', 'q4f16', 'q4'])
    expect(names(minilm, 'wasm', { webgpu: null })).toEqual(['q8', 'int8', 'uint8', 'fp32', 'q4', 'fp16'])
  })

  test('without shader-f16 no graph with 16-bit floats', () => {
    const { variants, excluded } = usableVariants(minilm, 'webgpu', gpu({ shaderF16: false }))
    expect(variants.map(({ dtype }) => dtype)).toEqual(['fp32', 'q4'])
    expect(excluded).toEqual([
      { file: 'onnx/model_fp16.onnx', reason: 'onnx/model_fp16.onnx: the GPU has no shader-f16' },
      { file: 'onnx/model_q4f16.onnx', reason: 'onnx/model_q4f16.onnx: the GPU has no shader-f16' },
    ])
  })

  test('without an adapter nothing on WebGPU', () => {
    expect(names(minilm, 'webgpu', { webgpu: null })).toEqual([])
  })

  test('no token table above the GPU’s buffers: bge-m3 has 977 MiB of it', () => {
    const list = {
      'onnx/model.onnx': MIB,
      'onnx/model.onnx_data': 2165 * MIB,
      'onnx/model_fp16.onnx': 1083 * MIB,
      'onnx/model_q4f16.onnx': 400 * MIB,
    }
    const recipe = { variants: variantsOf(graphs(list), null), files: files(list), vocabSize: 250_002, dimensions: [1024] }
    const usable = (bytes: number) => names(recipe, 'webgpu', gpu({ maxStorageBufferBindingSize: bytes }))
    expect(usable(2 ** 30)).toEqual(['fp16', 'q4f16', 'fp32'])
    expect(usable(2 ** 29)).toEqual(['fp16', 'q4f16'])
    // The 4-bit graph is smaller than a 16-bit table would be: its table must be packed too.
    expect(usable(420 * MIB)).toEqual(['q4f16'])
    expect(usable(128 * MIB)).toEqual([])
    const { excluded } = usableVariants(recipe, 'webgpu', gpu({ maxBufferSize: 2 ** 29 }))
    expect(excluded[0]?.reason).toBe(
      'onnx/model.onnx: its largest weight takes 977 MiB; the GPU takes 512 MiB in one buffer',
    )
  })

  test('nothing that WebAssembly’s 4 GiB cannot hold', () => {
    const list = { 'onnx/model.onnx': MIB, 'onnx/model.onnx_data': 4200 * MIB, 'onnx/model_quantized.onnx': 2100 * MIB }
    const recipe = { variants: variantsOf(graphs(list), null), files: files(list), vocabSize: 1000, dimensions: [64] }
    const { variants, excluded } = usableVariants(recipe, 'wasm', { webgpu: null })
    expect(variants).toEqual([])
    expect(excluded.map(({ reason }) => reason)).toEqual([
      'onnx/model_quantized.onnx: it takes 4200 MiB of memory to load; WebAssembly has 4096 MiB',
      'onnx/model.onnx: it takes 4202 MiB of memory to load; WebAssembly has 4096 MiB',
    ])
    // On WebGPU external data goes to the GPU.
    expect(names(recipe, 'webgpu', gpu({}))).toEqual(['fp32'])
  })

  test('a graph of unknown size is left to be tried', () => {
    const recipe = { ...minilm, files: [] }
    expect(names(recipe, 'webgpu', gpu({ maxBufferSize: 1 }))).toEqual(['fp16', 'fp32', 'q4f16', 'q4'])
  })
})
