/** What every kind of session offers, whatever runs underneath. */

import type { PaddingSide, Pooling } from '../models/recipe.ts'
import type { TokenBatch } from './batch.ts'

/** The onnxruntime builds: WebGPU with JavaScript promise integration, WebGPU with Asyncify, and CPU only. */
export type RuntimeBuild = 'jspi' | 'asyncify' | 'wasm'

/** The builds of the CPU encoder: with relaxed SIMD, and with the SIMD that every browser has. Both give the same bits. */
export type EncoderBuild = 'relaxed' | 'plain'

/** Which onnxruntime to start. */
export interface OnnxRuntimeConfig {
  kind: 'onnxruntime'
  build: RuntimeBuild
  /** Absolute URLs of the onnxruntime glue and module. */
  runtime: { mjs: string; wasm: string }
  /** WASM threads; 1 on WebGPU. */
  threads: number
}

/** Which build of the CPU encoder (`src/simd/`) to start. */
export interface SimdRuntimeConfig {
  kind: 'simd'
  build: EncoderBuild
  /** True: the packed weights are to lie in shared memory, for other workers to attach to. */
  shared: boolean
  /** Tokens of the longest text of the model; an encoder that takes fewer does not serve it. */
  maxTokens: number
  /** What the same worker runs a model on that the encoder does not know; null: nothing. */
  otherwise: OnnxRuntimeConfig | null
}

/** What runs underneath. */
export type RuntimeConfig = OnnxRuntimeConfig | SimdRuntimeConfig

/** What a session is made from. Plain data, so that it can cross to an inference worker. */
export type SessionConfig = RuntimeConfig & ModelConfig

/** A file that holds weights of a graph beside it. */
export interface ExternalData {
  /** Relative to the graph's folder, as the graph names it. */
  path: string
  data: ArrayBuffer
}

/** The model's part of it. */
export interface ModelConfig {
  device: 'webgpu' | 'wasm'
  /** Bytes of the ONNX file. */
  model: ArrayBuffer
  /** Weights that the graph keeps outside; usually none. */
  externalData: readonly ExternalData[]
  /** Name of the output to read; null: chosen from the graph's. */
  output: string | null
  /** True: the output is `[rows, width]`, pooled; false: `[rows, columns, width]`; null: as the output's shape tells. */
  pooled: boolean | null
  pooling: Pooling
  /** Native width of a vector. */
  width: number
  padTokenId: number
  paddingSide: PaddingSide
  disabledOptimizers: readonly string[]
}

/** One model on one backend. One `run` at a time: callers queue. */
export interface EmbeddingSession {
  /** Vendor and architecture of the GPU; null on the CPU. */
  readonly adapter: string | null
  /** Settles with the reason when the GPU device is lost; never on the CPU. */
  readonly lost: Promise<string>
  /** What was wanted of the model's file and could not be had, and what is done instead; empty as a rule. */
  readonly notes: readonly string[]
  /**
   * @returns rows × width, pooled and L2-normalised, in the batch's order
   * @throws EmbeddingsError `inference_failed`, `device_lost`, `out_of_memory`
   */
  run(batch: TokenBatch): Promise<Float32Array<ArrayBuffer>>
  dispose(): Promise<void>
}
