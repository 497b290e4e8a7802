/** The encoder's WebAssembly module: two builds, each for memory of one worker and for memory that several share. */

import type { EncoderBuild } from '../engine/embedding-session.ts'
import { toCompileError } from '../engine/compile-error.ts'
import { EmbeddingsError } from '../openai/errors.ts'

/** What the module exports; documented in `assembly/`. Addresses and counts are int32. */
export interface EncoderExports {
  encode(plan: number, scratch: number, texts: number): void
  help(plan: number, mine: number, scratch: number): number
  sumOfFour(a: number, b: number): number
  measureWeights(panels: number, sums: number, limits: number, blocks: number, block: number): void
  toSigned(values: number, count: number): void
  packColumns(from: number, to: number, inputs: number, outputs: number): void
  packRows(from: number, to: number, inputs: number, outputs: number): void
  sumBlocks(panels: number, to: number, inputs: number, outputs: number, block: number): void
  dequantizeBlocks(from: number, scales: number, to: number, count: number, block: number): void
  widenHalves(from: number, to: number, count: number): void
  quantizeRows(from: number, to: number, scales: number, rows: number, width: number): void
  quantizeColumns(from: number, to: number, scales: number, steps: number, rows: number, width: number): void
}

/** A build, compiled. */
export interface EncoderModule {
  build: EncoderBuild
  /** Whether it runs on shared memory, and on no other. */
  shared: boolean
  module: WebAssembly.Module
}

/** First bytes of a module without an import or export: one function that returns nothing. */
const HEAD = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0]

/** `i8x16.splat` thrice, then `i32x4.relaxed_dot_i8x16_i7x16_add_s`. */
const RELAXED_DOT = [
  0x0a, 0x14, 1, 0x12, 0, 0x41, 0, 0xfd, 0x0f, 0x41, 0, 0xfd, 0x0f, 0x41, 0, 0xfd, 0x0f, 0xfd, 0x93, 2, 0x1a,
  0x0b,
]

/** `i8x16.splat`, then drop. */
const SPLAT = [0x0a, 9, 1, 7, 0, 0x41, 0, 0xfd, 0x0f, 0x1a, 0x0b]

/** The best build that this browser can run; null: it has no SIMD. */
export function supportedBuild(): EncoderBuild | null {
  if (WebAssembly.validate(Uint8Array.from([...HEAD, ...RELAXED_DOT]))) return 'relaxed'
  return WebAssembly.validate(Uint8Array.from([...HEAD, ...SPLAT])) ? 'plain' : null
}

/** Literal, so that bundlers find the files. */
function moduleUrl(build: EncoderBuild, shared: boolean): URL {
  if (shared) {
    return build === 'relaxed'
      ? new URL('./encoder-relaxed-shared.wasm', import.meta.url)
      : new URL('./encoder-plain-shared.wasm', import.meta.url)
  }
  return build === 'relaxed'
    ? new URL('./encoder-relaxed.wasm', import.meta.url)
    : new URL('./encoder-plain.wasm', import.meta.url)
}

/**
 * Fetches and compiles a build.
 *
 * @throws EmbeddingsError `model_unreachable`, `csp_blocked`, `inference_failed`
 */
export async function loadEncoderModule(build: EncoderBuild, shared = false): Promise<EncoderModule> {
  const url = moduleUrl(build, shared)
  let bytes: ArrayBuffer
  try {
    const response = await fetch(url)
    if (!response.ok) throw new Error(`status ${String(response.status)}`)
    bytes = await response.arrayBuffer()
  } catch (error) {
    throw new EmbeddingsError('model_unreachable', `The CPU encoder could not be fetched from ${url.href}.`, {
      cause: error,
    })
  }
  try {
    // Not compileStreaming: the file is small, and a server may not know the type of .wasm.
    return { build, shared, module: await WebAssembly.compile(bytes) }
  } catch (error) {
    // A policy that forbids WebAssembly strikes onnxruntime alike; anything else, a page served for the file say, does not.
    throw toCompileError(error)
  }
}
