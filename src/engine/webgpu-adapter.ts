/** The WebGPU adapter of this device, or what stands in its way. Loaded only where WebGPU may be used. */

import type { WebGpuFacts } from '../models/device-facts.ts'
import { adapterName } from './adapter-name.ts'

/** A WebGPU adapter, by what it tells of itself. */
export interface AdapterFacts {
  /** Vendor, architecture and description, for people. */
  name: string
  /** Everything that it tells, driver included where the browser tells it: another identity, another device. */
  identity: string
  /** WebGPU in software (SwiftShader, WARP): some hundred times slower than a GPU, and slower than the CPU path. */
  fallback: boolean
  facts: WebGpuFacts
}

/** Answer of `probeWebGpu`: the adapter, or what stands in the way. */
export type WebGpuProbe = { usable: true; adapter: AdapterFacts } | { usable: false; reason: string }

export interface ProbeOptions {
  /** How often to ask. A GPU process that is starting answers null at first (sokuji#515). @default 3 */
  tries?: number
  /** Milliseconds between tries. Long waits would delay every start on a machine without a GPU. @default 75 */
  pause?: number
  /** Milliseconds for one try; a hung GPU process never answers. @default 3000 */
  timeout?: number
}

const TIMED_OUT = Symbol('timed out')

function after<T>(milliseconds: number, value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, value))
}

/**
 * Asks for a WebGPU adapter. A null answer is asked again and never remembered: the next load asks afresh.
 *
 * @param gpu `navigator.gpu` of the thread that asks
 */
export async function probeWebGpu(gpu: GPU | undefined, options: ProbeOptions = {}): Promise<WebGpuProbe> {
  const { tries = 3, pause = 75, timeout = 3000 } = options
  if (gpu === undefined) return { usable: false, reason: 'no navigator.gpu' }
  for (let attempt = 1; ; attempt++) {
    try {
      const adapter = await Promise.race([gpu.requestAdapter(), after(timeout, TIMED_OUT)])
      if (adapter === TIMED_OUT) return { usable: false, reason: 'adapter timed out' }
      if (adapter !== null) return { usable: true, adapter: describeAdapter(adapter) }
      if (attempt >= tries) return { usable: false, reason: 'no adapter' }
    } catch (error) {
      return {
        usable: false,
        reason: `adapter request failed: ${error instanceof Error ? error.message : String(error)}`,
      }
    }
    await after(pause, undefined)
  }
}

/** Fields that WebGPU defines, and those that Chromium adds for developers. */
const IDENTITY = ['vendor', 'architecture', 'device', 'description', 'driver', 'backend', 'type'] as const

function describeAdapter(adapter: GPUAdapter): AdapterFacts {
  const { features, limits } = adapter
  // Some fields are newer than some browsers, whatever the types say.
  const info = adapter.info as unknown as Readonly<Record<string, unknown>>
  const told = (field: string): string => (typeof info[field] === 'string' ? info[field] : '')
  return {
    name: adapterName({
      vendor: told('vendor'),
      architecture: told('architecture'),
      description: told('description'),
    }),
    identity: IDENTITY.map(told).join('|'),
    fallback:
      info['isFallbackAdapter'] === true ||
      // Where Chromium before version 140 told it.
      (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter === true,
    facts: {
      shaderF16: features.has('shader-f16'),
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    },
  }
}
