/** Where onnxruntime's own files lie. */

import type { RuntimeBuild } from './embedding-session.ts'

/** Version of the package whose files these are; a test compares it with what is installed. */
export const ONNXRUNTIME_VERSION = '1.30.0'

/**
 * Literal addresses, which a bundler finds and turns into files beside its own output. They name the package, so
 * a build for pages without a bundler has to set `runtimeUrl`.
 */
const BUNDLED: Record<RuntimeBuild, () => { mjs: URL; wasm: URL }> = {
  jspi: () => ({
    mjs: new URL('onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs', import.meta.url),
    wasm: new URL('onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm', import.meta.url),
  }),
  asyncify: () => ({
    mjs: new URL('onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs', import.meta.url),
    wasm: new URL('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm', import.meta.url),
  }),
  wasm: () => ({
    mjs: new URL('onnxruntime-web/ort-wasm-simd-threaded.mjs', import.meta.url),
    wasm: new URL('onnxruntime-web/ort-wasm-simd-threaded.wasm', import.meta.url),
  }),
}

const NAMES: Record<RuntimeBuild, string> = {
  jspi: 'ort-wasm-simd-threaded.jspi',
  asyncify: 'ort-wasm-simd-threaded.asyncify',
  wasm: 'ort-wasm-simd-threaded',
}

/**
 * Absolute URLs of the glue and the module of a build.
 *
 * @param runtimeUrl the client's option, ending in `/`; null: beside the library's own files
 */
export function runtimeFiles(build: RuntimeBuild, runtimeUrl: string | null): { mjs: string; wasm: string } {
  if (runtimeUrl !== null) {
    return {
      mjs: new URL(`${NAMES[build]}.mjs`, runtimeUrl).href,
      wasm: new URL(`${NAMES[build]}.wasm`, runtimeUrl).href,
    }
  }
  const { mjs, wasm } = BUNDLED[build]()
  return { mjs: mjs.href, wasm: wasm.href }
}
