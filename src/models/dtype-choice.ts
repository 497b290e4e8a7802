/** Which of a model's graphs a device can run, by what is known of the device. Pure. */

import { EmbeddingsError } from '../openai/errors.ts'
import type { DeviceFacts } from './device-facts.ts'
import { nativeWidth, type Device, type ModelRecipe, type ModelVariant } from './recipe.ts'

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
  const table = recipe.vocabSize * nativeWidth(recipe) * bytesPerWeight(variant.dtype)
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

/** The model has other graphs than the one that the caller wants. @param has what it has, for the message */
export function noSuchDtype(id: string, dtype: string, has: string): EmbeddingsError {
  const message = `The model ${id} has no graph for the option dtype: '${dtype}'; ${has}.`
  return new EmbeddingsError('invalid_value', message, { param: 'dtype' })
}

/** Dtypes by name, for `noSuchDtype`. */
export function offers(dtypes: readonly string[]): string {
  return `it offers ${[...new Set(dtypes)].join(', ')}`
}
