/** Which graph of a model for which device: from what its folder offers and what is known of the device. Pure. */

import type { DeviceFacts } from './device-facts.ts'
import type { Device, ModelRecipe, ModelVariant } from './recipe.ts'

/** One graph that a model's folder offers. */
export interface OfferedGraph {
  dtype: string
  /** Path under the model's folder. */
  file: string
  /** Files that hold weights of it, under the model's folder. */
  externalData: readonly string[]
  /** Size with its external data; null: not told. */
  bytes: number | null
}

/** Endings of graph files → dtype, as transformers.js names them (its `DEFAULT_DTYPE_SUFFIX_MAPPING`, 4.3.1). */
const SUFFIXES: Readonly<Record<string, string>> = {
  '': 'fp32',
  _fp16: 'fp16',
  _quantized: 'q8',
  _int8: 'int8',
  _uint8: 'uint8',
  _q4: 'q4',
  _q4f16: 'q4f16',
  _bnb4: 'bnb4',
  // sentence-transformers' own names of dynamic quantisation, by the processor that it was tuned for.
  _quint8_avx2: 'uint8',
  _qint8_avx512_vnni: 'int8',
  _qint8_avx512: 'int8',
  _qint8_arm64: 'int8',
}

/** Names that a caller may give, `auto` being the absence of one. */
export const DTYPES: readonly string[] = [...new Set(Object.values(SUFFIXES))]

/** Path of the graph that transformers.js would name so. */
export function graphFile(dtype: string): string {
  const suffix = Object.keys(SUFFIXES).find((key) => SUFFIXES[key] === dtype)
  return `onnx/model${suffix ?? `_${dtype}`}.onnx`
}

const GRAPH = /^onnx\/model(\w*)\.onnx$/
/** What exporters append: `.onnx_data` and `.onnx_data_1` (Optimum), `.onnx.data` (PyTorch). */
const EXTERNAL = /^(onnx\/model\w*\.onnx)(?:_data(?:_\d+)?|\.data)$/

/** The graphs among a folder's files. @param files size in bytes by path */
export function offeredGraphs(files: ReadonlyMap<string, number>): OfferedGraph[] {
  const paths = [...files.keys()]
  const graphs = paths.flatMap((file): OfferedGraph[] => {
    const suffix = GRAPH.exec(file)?.[1]
    const dtype = suffix !== undefined && Object.hasOwn(SUFFIXES, suffix) ? SUFFIXES[suffix] : undefined
    if (dtype === undefined) return []
    const externalData = paths.filter((path) => EXTERNAL.exec(path)?.[1] === file)
    const bytes = [file, ...externalData].reduce((sum, path) => sum + (files.get(path) ?? 0), 0)
    return [{ dtype, file, externalData, bytes }]
  })
  // In the order of the suffixes: the first name of a dtype is the usual one.
  const order = Object.keys(SUFFIXES)
  const place = ({ file }: OfferedGraph): number => order.indexOf(GRAPH.exec(file)?.[1] ?? '')
  return graphs.sort((a, b) => place(a) - place(b))
}

/** Below this, the better vectors of a 32-bit graph are worth its download. */
const SMALL = 256 * 2 ** 20

/**
 * Best first. WebGPU has no 8-bit integer kernels (each such node goes through the CPU: 25 read-backs a pass of MiniLM);
 * on the CPU 8-bit is fastest. 4-bit rounding leaves a cosine of 0.965 to the unrounded model, so it comes after a 32-bit
 * graph that is small. fp16 kernels have been wrong on some GPUs (transformers.js#1728): that is left to the test at load.
 */
export const PREFERENCE: Readonly<Record<Device, readonly string[]>> = {
  webgpu: ['fp16', 'fp32 small', 'q4f16', 'q4', 'fp32'],
  wasm: ['q8', 'int8', 'uint8', 'fp32 small', 'q4', 'fp32', 'fp16'],
}

/**
 * What may run, for both devices, best first.
 *
 * @param dtype the caller's choice: then all graphs of it, on either device; null: chosen
 */
export function variantsOf(graphs: readonly OfferedGraph[], dtype: string | null): ModelVariant[] {
  return (['webgpu', 'wasm'] as const).flatMap((device) => {
    const rank = (graph: OfferedGraph): number => {
      if (dtype !== null) return graph.dtype === dtype ? 0 : -1
      const small = graph.dtype === 'fp32' && (graph.bytes ?? 0) <= SMALL
      return PREFERENCE[device].indexOf(small ? 'fp32 small' : graph.dtype)
    }
    return graphs
      .filter((graph) => rank(graph) >= 0)
      .sort((a, b) => rank(a) - rank(b))
      .map(({ dtype: name, file, externalData }) => ({
        device,
        dtype: name,
        file,
        externalData,
        output: null,
        pooled: null,
        disabledOptimizers: [],
      }))
  })
}

/** A variant that cannot run here. */
export interface ExcludedVariant {
  file: string
  reason: string
}

/** WebAssembly addresses 32 bits. */
const WASM_MEMORY = 2 ** 32

const HALF = ['fp16', 'q4f16']

const mebibytes = (bytes: number): string => `${String(Math.ceil(bytes / 2 ** 20))} MiB`

/**
 * The variants of one device that the device can run, in the recipe's order, decided before any of them is downloaded.
 * Sizes come from the recipe's records; a graph of unknown size is left to be tried.
 *
 * @param recipe `dimensions[0]` × `vocabSize` is taken for the largest weight, the token table
 */
export function usableVariants(
  recipe: Pick<ModelRecipe, 'variants' | 'files' | 'vocabSize' | 'dimensions'>,
  device: Device,
  facts: DeviceFacts,
): { variants: ModelVariant[]; excluded: ExcludedVariant[] } {
  const variants: ModelVariant[] = []
  const excluded: ExcludedVariant[] = []
  for (const variant of recipe.variants) {
    if (variant.device !== device) continue
    const reason = memoryReason(recipe, variant) ?? (device === 'webgpu' ? gpuReason(recipe, variant, facts) : null)
    if (reason === null) variants.push(variant)
    else excluded.push({ file: variant.file, reason: `${variant.file}: ${reason}` })
  }
  return { variants, excluded }
}

function bytesOf(recipe: Pick<ModelRecipe, 'files'>, paths: readonly string[]): number {
  const wanted = new Set(paths)
  return recipe.files.reduce((sum, { path, bytes }) => sum + (wanted.has(path) ? bytes : 0), 0)
}

/** onnxruntime holds the graph's file and the weights unpacked from it at once; external data goes to its place straight. */
function memoryReason(recipe: Pick<ModelRecipe, 'files'>, variant: ModelVariant): string | null {
  const external = variant.device === 'wasm' ? bytesOf(recipe, variant.externalData) : 0
  const bytes = 2 * bytesOf(recipe, [variant.file]) + external
  if (bytes <= WASM_MEMORY) return null
  return `it takes ${mebibytes(bytes)} of memory to load; WebAssembly has ${mebibytes(WASM_MEMORY)}`
}

function gpuReason(
  recipe: Pick<ModelRecipe, 'files' | 'vocabSize' | 'dimensions'>,
  variant: ModelVariant,
  { webgpu }: DeviceFacts,
): string | null {
  if (webgpu === null) return 'no WebGPU adapter'
  if (HALF.includes(variant.dtype) && !webgpu.shaderF16) return 'the GPU has no shader-f16'
  const all = bytesOf(recipe, [variant.file, ...variant.externalData])
  const table = recipe.vocabSize * (recipe.dimensions[0] ?? 0) * bytesPerWeight(variant.dtype)
  // A graph that is smaller than the table has a smaller table.
  const largest = Math.min(all, table)
  const limit = Math.min(webgpu.maxBufferSize, webgpu.maxStorageBufferBindingSize)
  if (largest <= limit) return null
  return `its largest weight takes ${mebibytes(largest)}; the GPU takes ${mebibytes(limit)} in one buffer`
}

/** Of the token table: 4-bit graphs pack matrices only. */
function bytesPerWeight(dtype: string): number {
  if (HALF.includes(dtype)) return 2
  return dtype === 'fp32' || dtype === 'q4' || dtype === 'bnb4' ? 4 : 1
}
