/** The page's options, checked and turned into what the service is told. */

import type { ModelStore } from '../models/store.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import type { CacheConfig, CpuRuntime, DeviceOption, ProgressEvent, ServiceConfig } from '../rpc/protocol.ts'
import { STORE_METHODS } from '../rpc/store-protocol.ts'

/** The `cache` option in full. */
export interface CacheOptions {
  kind: 'memory' | 'indexeddb'
  /** Most vectors kept, 1 to 10,000,000; at 384 dimensions each takes 1.5 kB. @default 10000 */
  maxEntries?: number | undefined
}

/** Options of `EmbeddingsClient`; all optional. */
export interface EmbeddingsClientOptions {
  /**
   * Base under which `<model id>/manifest.json`, `tokenizer.json`, `onnx/…` lie. Relative to the page.
   * @default the Hugging Face hub
   */
  modelsUrl?: string | URL | undefined
  /** Where the onnxruntime `.wasm` and `.mjs` lie. @default beside the library's own files; never a CDN */
  runtimeUrl?: string | URL | undefined
  /** `auto`: the CPU answers first; WebGPU takes over what it does faster where it gives right answers. @default 'auto' */
  device?: DeviceOption | undefined
  /** Which session runs on the CPU. @default 'auto' */
  cpuRuntime?: CpuRuntime | undefined
  /**
   * Weights of the graphs, in transformers.js's names (`fp32`, `fp16`, `q8`, `q4`, `q4f16`, …), for all models of this
   * client; a model that has no such graph is refused, naming those that it has.
   * @default 'auto': by device, and by what the model offers
   */
  dtype?: string | undefined
  /** Threads of each WASM session, 1 to 64; more than 1 needs cross-origin isolation. @default 1 */
  threads?: number | undefined
  /** Inference workers on WASM, 1 to 64, started as work arrives. @default 'auto': one a core, at most 4 */
  workers?: number | 'auto' | undefined
  /** Extra models, each in the form of a `manifest.json`. */
  models?: readonly unknown[] | undefined
  /** Other names for models. @example { 'text-embedding-3-small': 'all-MiniLM-L6-v2' } */
  aliases?: Readonly<Record<string, string>> | undefined
  /**
   * Where model files are kept: `memory` for no longer than the worker's life; a `ModelStore` of the page's own, which
   * stays on the page. Files that it fails to keep are kept in memory, and `models.status` says why.
   * @default 'auto': the Cache API, else the origin-private file system, else memory
   */
  storage?: 'auto' | 'memory' | ModelStore | undefined
  /**
   * Keeps computed vectors, least recently used out first, by a hash of their tokens: no text is kept. `memory` for the
   * worker's life, `indexeddb` across visits (`models.delete` deletes a model's vectors too).
   * @default none: every vector is computed
   */
  cache?: 'memory' | 'indexeddb' | CacheOptions | undefined
  /** Makes the service worker, for pages whose bundler does not find the library's own. */
  createWorker?: (() => Worker) | undefined
  /** Most inputs waiting at once before 429 `queue_full`. @default 16384 */
  maxPendingInputs?: number | undefined
  /** Milliseconds until a call fails with 503 `timeout`, loading included. @default 600000 */
  timeout?: number | undefined
  /** Called with every progress event of every model. */
  onProgress?: ((progress: ProgressEvent) => void) | undefined
}

export const DEFAULT_TIMEOUT = 600_000
const DEFAULT_MAX_PENDING_INPUTS = 16_384
const MOST_THREADS = 64
const DEFAULT_CACHE_ENTRIES = 10_000
const MOST_CACHE_ENTRIES = 10_000_000

function invalid(name: string, expected: string, value: unknown): never {
  const came = typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : String(value)
  throw new EmbeddingsError('invalid_value', `The option ${name} must be ${expected}; got ${came}.`, {
    param: name,
  })
}

function readInteger(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  return invalid(name, `an integer from ${String(least)} to ${String(most)}`, value)
}

function readChoice<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  return choices.find((choice) => choice === value) ?? invalid(name, `one of ${choices.join(', ')}`, value)
}

function readDtype(value: unknown): string | null {
  if (typeof value !== 'string' || !/^\w{1,16}$/.test(value))
    return invalid('dtype', 'a name such as q8 or fp16', value)
  return value === 'auto' ? null : value
}

/** An absolute directory URL, ending in `/`. */
function readDirectory(name: string, value: unknown): string {
  if (typeof value !== 'string' && !(value instanceof URL)) return invalid(name, 'a string or a URL', value)
  const base = typeof document === 'undefined' ? globalThis.location.href : document.baseURI
  if (!URL.canParse(String(value), base)) return invalid(name, 'a URL', value)
  const url = new URL(value, base)
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  url.search = ''
  url.hash = ''
  return url.href
}

function readAliases(aliases: EmbeddingsClientOptions['aliases']): Record<string, string> {
  for (const [alias, id] of Object.entries(aliases ?? {})) {
    if (typeof id !== 'string' || id === '') invalid(`aliases.${alias}`, 'a model id', id)
  }
  return { ...aliases }
}

function readCache(value: EmbeddingsClientOptions['cache'] | null): CacheConfig | null {
  if (value === undefined) return null
  const { kind, maxEntries = DEFAULT_CACHE_ENTRIES } =
    typeof value === 'object' && value !== null ? value : { kind: value }
  return {
    kind: readChoice('cache', kind, ['memory', 'indexeddb']),
    maxEntries: readInteger('cache.maxEntries', maxEntries, 1, MOST_CACHE_ENTRIES),
  }
}

function readStorage(value: unknown): ServiceConfig['storage'] {
  if (typeof value !== 'object' || value === null) return readChoice('storage', value, ['auto', 'memory'])
  for (const method of STORE_METHODS) {
    const found = (value as Record<string, unknown>)[method]
    if (typeof found !== 'function') invalid(`storage.${method}`, 'a method', found)
  }
  return 'page'
}

/** A copy that can cross to the worker; what a manifest must hold is checked there. */
function readManifests(models: EmbeddingsClientOptions['models']): readonly unknown[] {
  if (models !== undefined && !Array.isArray(models)) return invalid('models', 'an array of manifests', models)
  try {
    return structuredClone(models ?? [])
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    return invalid('models', 'plain data', reason)
  }
}

/** A timeout in milliseconds. @throws EmbeddingsError `invalid_value` */
export function readTimeout(value: unknown): number {
  // setTimeout fires at once beyond a signed 32-bit number of milliseconds.
  return readInteger('timeout', value, 1, 2 ** 31 - 1)
}

/**
 * What the service is told of the options.
 *
 * @throws EmbeddingsError `invalid_value` naming the option, what it must be and what came
 */
export function toServiceConfig(options: EmbeddingsClientOptions, livenessLock: string | null): ServiceConfig {
  const { modelsUrl, runtimeUrl, threads, workers = 'auto' } = options
  return {
    modelsUrl: modelsUrl === undefined ? null : readDirectory('modelsUrl', modelsUrl),
    runtimeUrl: runtimeUrl === undefined ? null : readDirectory('runtimeUrl', runtimeUrl),
    device: readChoice('device', options.device ?? 'auto', ['auto', 'webgpu', 'wasm']),
    cpuRuntime: readChoice('cpuRuntime', options.cpuRuntime ?? 'auto', ['auto', 'onnxruntime']),
    dtype: readDtype(options.dtype ?? 'auto'),
    threads: threads === undefined ? null : readInteger('threads', threads, 1, MOST_THREADS),
    workers: workers === 'auto' ? 'auto' : readInteger('workers', workers, 1, MOST_THREADS),
    models: readManifests(options.models),
    aliases: readAliases(options.aliases),
    cache: readCache(options.cache),
    storage: readStorage(options.storage ?? 'auto'),
    maxPendingInputs: readInteger(
      'maxPendingInputs',
      options.maxPendingInputs ?? DEFAULT_MAX_PENDING_INPUTS,
      1,
      2 ** 31 - 1,
    ),
    livenessLock,
  }
}
