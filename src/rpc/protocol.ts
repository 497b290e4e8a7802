/**
 * What crosses between the page and the service worker-thread. Types, and the list of the facade's paths; imports
 * nothing but types of the contract.
 */

import type { ErrorBody, EmbeddingsErrorCode } from '../openai/errors.ts'
import type { EmbeddingCreateParams, Model, Priority } from '../openai/types.ts'

/** A result or an error as plain data: Comlink itself keeps only an error's name, message and stack. */
export type Reply<T> = { ok: true; value: T } | { ok: false; error: SerializedError }

/** An `EmbeddingsError` as data. */
export interface SerializedError {
  code: EmbeddingsErrorCode
  message: string
  param: string | null
  /** Text of the cause, when there was one. */
  cause: string | null
}

export type { ErrorBody }

/** Where a session may run, in the order of the contract. */
export type DeviceOption = 'auto' | 'webgpu' | 'wasm'

/** Which session runs on the CPU; `auto`: this library's own encoder where it knows the model, else onnxruntime. */
export type CpuRuntime = 'auto' | 'onnxruntime'

/** Where computed vectors are kept, and how many. */
export interface CacheConfig {
  kind: 'memory' | 'indexeddb'
  maxEntries: number
}

/** What is known of the cache of vectors, as far as one model uses it. */
export interface CacheStatus {
  /** `none`: it could not be had; `reason` says why. */
  kind: 'memory' | 'indexeddb' | 'none'
  /** Vectors kept, those of other models included. */
  entries: number
  /** Inputs answered from the cache since the model was loaded. */
  hits: number
  /** Inputs computed since. */
  misses: number
  /** Why it is not the kind that was asked for, or its last fault; null otherwise. */
  reason: string | null
}

/** What the page tells the service once, before any other call. Plain data. */
export interface ServiceConfig {
  /** Absolute URL, ending in `/`; `null`: the Hugging Face hub. */
  modelsUrl: string | null
  /** Absolute URL, ending in `/`, under which the onnxruntime files lie; `null`: beside the library's own. */
  runtimeUrl: string | null
  device: DeviceOption
  cpuRuntime: CpuRuntime
  /** The only dtype that graphs are taken of; `null`: chosen by device and by what the model offers. */
  dtype: string | null
  /** Threads of each WASM session; `null`: chosen by measurement (see engine/backend.ts). */
  threads: number | null
  /** Inference workers on WASM. */
  workers: number | 'auto'
  /** Extra recipes, in the manifest's own form (JSON); checked like a manifest. */
  models: readonly unknown[]
  aliases: Readonly<Record<string, string>>
  /** `page`: over the port that `configure` gets. */
  storage: 'auto' | 'memory' | 'page'
  /** `null`: every vector is computed. */
  cache: CacheConfig | null
  /** Most inputs waiting at once before 429 `queue_full`. */
  maxPendingInputs: number
  /** Name of the Web Lock that the service holds while it lives; `null` where the page has no Web Locks. */
  livenessLock: string | null
}

/** What is known of one model; answers `client.models.status(id)`. */
export interface ModelStatus {
  id: string
  state: 'unloaded' | 'loading' | 'ready' | 'failed'
  /** The session that answers interactive requests of few inputs, once ready. */
  backend: BackendStatus | null
  /** The session that runs everything else; the same as `backend` where one serves both. */
  background: BackendStatus | null
  /** Every backend that was tried or passed over, in order, with the reason. */
  attempts: readonly BackendAttempt[]
  /** How this model did on the GPUs of this device, newest first; empty where none was tried. */
  verdicts: readonly GpuVerdict[]
  /** Bytes of the model's files. */
  bytes: number
  /** Where the files came from. */
  source: 'network' | 'store' | null
  /** Where the files are kept. */
  storage: 'cache' | 'opfs' | 'memory' | 'page'
  /**
   * Why not where the option `storage` says, why the store failed last, or which stored description of a model was outdated
   * and fetched anew; null otherwise.
   */
  storageReason: string | null
  /** Whether the browser keeps the store when room gets short; null: it is `memory` or the page's, or nobody tells. */
  persisted: boolean | null
  /** `null`: no cache was asked for. */
  cache: CacheStatus | null
  /** Error of the last load, when state is `failed`. */
  error: ErrorBody['error'] | null
}

export interface BackendStatus {
  device: 'webgpu' | 'wasm'
  /** The kind of session: onnxruntime, or this library's own encoder for BERT models on the CPU. */
  runtime: 'onnxruntime' | 'simd'
  /** Which build of it runs: `relaxed` and `plain` are those of `simd`. */
  build: 'jspi' | 'asyncify' | 'wasm' | 'relaxed' | 'plain'
  dtype: string
  /** Graph file. */
  file: string
  /** Inference workers running now. */
  workers: number
  /** Threads per worker. */
  threads: number
  /** Vendor and architecture as WebGPU tells them; null on WASM. */
  adapter: string | null
  /** Cosine of the known-answer test; null where the model has no known answer. */
  knownAnswerCosine: number | null
  /** Native width of a vector. */
  dimensions: number
  maxTokens: number
}

export interface BackendAttempt {
  device: 'webgpu' | 'wasm'
  /** `chosen`, or why not: `no navigator.gpu`, `no adapter`, `adapter timed out`, `known-answer cosine 0.41`, … */
  reason: string
  chosen: boolean
}

/**
 * Result of a model's trial on one GPU. Kept across visits (with `storage: 'memory'` for the worker's life) until
 * `models.delete`; another version of the browser or the driver is another trial.
 */
export interface GpuVerdict {
  /** Vendor, architecture and description, as WebGPU tells them. */
  adapter: string
  /** Browser and platform, with the versions that they tell. */
  browser: string
  revision: string
  dtype: string
  /** Graph file. */
  file: string
  /** False: this graph is not used on this GPU again, nor fetched for it. */
  passed: boolean
  /** Cosine to the known answer; null: the vector was zero or not finite. */
  cosine: number | null
  /** The least cosine that passes for this dtype. */
  leastCosine: number
  /** Unix time in milliseconds. */
  testedAt: number
  /** Times beside the CPU's; null where they were not taken. */
  comparison: BackendComparison | null
}

/** Both backends on the same texts. */
export interface BackendComparison {
  /** Least cosine between the two vectors of a text. */
  agreement: number
  webgpu: BackendTimes
  wasm: BackendTimes
  /** The CPU's sessions that were timed. */
  cpu: string
}

export interface BackendTimes {
  /** Milliseconds for a text of 12 tokens. */
  query: number
  /** Milliseconds for 1,000 tokens in texts of up to 44, on all workers together. */
  bulk: number
}

/**
 * A message of the service that answers no call. It goes over the port that the answers go over: what was posted before
 * an answer comes before it, which between two ports is not so.
 */
export interface ProgressMessage {
  progress: ProgressEvent
}

/** What `onProgress` receives. */
export type ProgressEvent =
  | {
      type: 'download'
      model: string
      file: string
      loaded: number
      total: number
      loadedAll: number
      totalAll: number
    }
  | { type: 'compile'; model: string; device: 'webgpu' | 'wasm' }
  | { type: 'warm-up'; model: string; device: 'webgpu' | 'wasm' }
  | { type: 'ready'; model: string; device: 'webgpu' | 'wasm' }
  | { type: 'embedded'; model: string; callId: string; inputs: number; totalInputs: number; tokens: number }

export interface CallOptions {
  /** Unique per client; names the call in `cancel` and in `embedded` events. */
  callId: string
  priority: Priority
  /** True: nobody listens to this call's `embedded` events, so that none is sent. @default false */
  quiet?: boolean
}

/** The result of `create`, before it takes its wire form on the page. */
export interface EmbeddingsResult {
  /** Id of the model that ran. */
  model: string
  fingerprint: string
  promptTokens: number
  vectors:
    | {
        format: 'float'
        /** rows × dimensions, in input order */ rows: Float32Array
        dimensions: number
      }
    | { format: 'base64'; rows: string[] }
}

/** The facade that the service exposes to the page. Every path of it is on the guard's allow-list. */
export interface ServiceApi {
  /** Must be the first call, once. `store` leads to the page's own store. */
  configure(config: ServiceConfig, store: MessagePort | null): Promise<Reply<null>>
  embeddings: {
    create: (body: EmbeddingCreateParams, call: CallOptions) => Promise<Reply<EmbeddingsResult>>
  }
  models: {
    list(): Promise<Reply<Model[]>>
    retrieve(id: string): Promise<Reply<Model>>
    load(id: string, call: CallOptions): Promise<Reply<ModelStatus>>
    status(id: string): Promise<Reply<ModelStatus>>
    unload(id: string): Promise<Reply<null>>
    delete(id: string): Promise<Reply<null>>
  }
  /** Frees the queue of a call that the page has given up; the call itself still settles. */
  cancel(callId: string): Promise<Reply<null>>
  close(): Promise<Reply<null>>
}

/** Paths of the facade, for the guard. */
export const SERVICE_PATHS = [
  'configure',
  'embeddings.create',
  'models.list',
  'models.retrieve',
  'models.load',
  'models.status',
  'models.unload',
  'models.delete',
  'cancel',
  'close',
] as const
