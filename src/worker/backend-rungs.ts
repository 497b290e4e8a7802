/** The backends that a model and a device have between them, best first. */

import { cpuLayout, webGpuBuild, type CpuLayout } from '../engine/backend.ts'
import type { OnnxRuntimeConfig, RuntimeBuild, RuntimeConfig } from '../engine/embedding-session.ts'
import { runtimeFiles } from '../engine/runtime-files.ts'
import { usableVariants } from '../models/dtype-choice.ts'
import type { Device, ModelRecipe, ModelVariant } from '../models/recipe.ts'
import type { ServiceConfig } from '../rpc/protocol.ts'
import { supportedBuild } from '../simd/encoder-module.ts'

/** A backend that may be tried. */
export interface Rung {
  device: Device
  runtime: RuntimeConfig
  variant: ModelVariant
  layout: CpuLayout
}

/** What is passed over without a try, and why. */
type Pass = (device: Device, reason: string) => void

/** The library's own encoder, then onnxruntime. */
export function cpuRungs(recipe: ModelRecipe, config: ServiceConfig, pass: Pass): Rung[] {
  const rungs: Rung[] = []
  const { variants, excluded } = usableVariants(recipe, 'wasm', { webgpu: null })
  for (const { reason } of excluded) pass('wasm', reason)
  const variant = variants[0]
  const layout = cpuLayout(navigator.hardwareConcurrency, crossOriginIsolated, config)
  const onnx = variant === undefined ? null : onnxRuntime('wasm', layout.threads, config)
  if (config.cpuRuntime === 'auto') {
    // It tells for itself, by the model's file, whether it knows the model. It reads 8-bit blocks too: a model with a
    // graph for WebGPU only runs here as well.
    const readable = variant ?? (excluded.length === 0 ? recipe.variants[0] : undefined)
    const build = supportedBuild()
    if (build === null) pass('wasm', 'no WebAssembly SIMD for the CPU encoder')
    else if (readable !== undefined) {
      const layout = cpuLayout(navigator.hardwareConcurrency, false, config)
      const shared = crossOriginIsolated && layout.workers > 1
      const runtime = { kind: 'simd', build, shared, maxTokens: recipe.maxTokens, otherwise: onnx } as const
      rungs.push({ device: 'wasm', runtime, variant: readable, layout })
    }
  }
  if (variant !== undefined && onnx !== null) rungs.push({ device: 'wasm', runtime: onnx, variant, layout })
  else if (excluded.length === 0) pass('wasm', 'the model has no graph for WASM')
  return rungs
}

/** One session and one thread: a GPU runs one batch at a time. */
export function webGpuRung(variant: ModelVariant, config: ServiceConfig): Rung {
  const runtime = onnxRuntime(webGpuBuild(), 1, config)
  return { device: 'webgpu', runtime, variant, layout: { workers: 1, threads: 1 } }
}

/** Names what was timed: another build or layout is timed anew. */
export function laneName({ runtime, variant, layout }: Rung): string {
  const size = `${String(layout.workers)}×${String(layout.threads)}`
  return [runtime.kind, runtime.build, variant.file, size].join(' ')
}

function onnxRuntime(build: RuntimeBuild, threads: number, { runtimeUrl }: ServiceConfig): OnnxRuntimeConfig {
  return { kind: 'onnxruntime', build, runtime: runtimeFiles(build, runtimeUrl), threads }
}
