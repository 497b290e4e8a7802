/** The graphs that a model's folder offers, and which of them for which device. Pure. */

import type { Device, ModelVariant } from './recipe.ts'

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

