/** The one client of the page, and the choice of its backend. */

import {
  EmbeddingsClient,
  type DeviceOption,
  type ModelStatus,
  type Priority,
  type ProgressEvent,
} from 'browser-embeddings'

export const MODEL = 'all-MiniLM-L6-v2'
export const DIMENSIONS = [384, 256, 128, 64] as const
export const DEVICES = ['auto', 'webgpu', 'wasm'] as const

/** Where the engine is on its way to the first vector. */
export type EngineState =
  | { phase: 'loading'; step: string; /** 0 to 1, null when unknown */ fraction: number | null }
  | { phase: 'ready'; status: ModelStatus; /** from the start of loading, in ms */ loadMs: number }
  | { phase: 'failed'; error: unknown; status: ModelStatus | null }

export interface EmbedOptions {
  dimensions: number
  signal: AbortSignal
  priority?: Priority
  onProgress?: (progress: { inputs: number; tokens: number }) => void
}

export interface Embedded {
  vectors: number[][]
  fingerprint: string
  tokens: number
  /** From call to answer, waiting included. */
  ms: number
}

export class Engine {
  readonly #onState: (state: EngineState) => void
  #client: EmbeddingsClient
  #device: DeviceOption
  #ready: Promise<ModelStatus>
  #generation = 0

  constructor(device: DeviceOption, onState: (state: EngineState) => void) {
    this.#device = device
    this.#onState = onState
    this.#client = newClient(device)
    this.#ready = this.#load()
  }

  /** Ends the client and its workers, and starts another. Calls that wait fail with `worker_terminated`. */
  async restart(device: DeviceOption = this.#device): Promise<void> {
    const former = this.#client
    this.#generation++
    this.#device = device
    this.#client = newClient(device)
    this.#ready = this.#load()
    await former.close()
  }

  /** Goes up with every restart: work that a restart ended may be done again. */
  get generation(): number {
    return this.#generation
  }

  /** Settles when the model is loaded, or failed to. */
  get ready(): Promise<ModelStatus> {
    return this.#ready
  }

  /** What runs now; workers start as work arrives. */
  status(): Promise<ModelStatus> {
    return this.#client.models.status(MODEL)
  }

  async embed(input: readonly string[], options: EmbedOptions): Promise<Embedded> {
    const { dimensions, signal, priority, onProgress } = options
    await this.#ready
    signal.throwIfAborted()
    const started = performance.now()
    const response = await this.#client.embeddings.create(
      { model: MODEL, input, dimensions, truncate: true },
      {
        signal,
        priority,
        onProgress: (event) => {
          if (event.type === 'embedded') onProgress?.(event)
        },
      },
    )
    return {
      vectors: response.data.map(({ embedding }) => embedding),
      fingerprint: response.system_fingerprint,
      tokens: response.usage.total_tokens,
      ms: performance.now() - started,
    }
  }

  #load(): Promise<ModelStatus> {
    const client = this.#client
    const started = performance.now()
    const tell = (state: EngineState): void => {
      // A client that was replaced in the meantime has nothing more to say.
      if (client === this.#client) this.#onState(state)
    }
    tell({ phase: 'loading', step: 'Starting the engine', fraction: null })
    const ready = client.models.load(MODEL, { onProgress: (event) => tell(loadingState(event)) }).then(
      (status) => {
        tell({ phase: 'ready', status, loadMs: performance.now() - started })
        return status
      },
      async (error: unknown) => {
        tell({ phase: 'failed', error, status: await client.models.status(MODEL).catch(() => null) })
        throw error
      },
    )
    // The failure is shown by the state; whoever embeds gets it as well.
    ready.catch(() => undefined)
    return ready
  }
}

function newClient(device: DeviceOption): EmbeddingsClient {
  return new EmbeddingsClient({ modelsUrl: new URL('models/', document.baseURI), device })
}

function loadingState(event: ProgressEvent): EngineState {
  switch (event.type) {
    case 'download': {
      const { loadedAll, totalAll } = event
      const total = totalAll > 0 ? ` of ${(totalAll / 1e6).toFixed(1)}` : ''
      const step = `Reading the model: ${(loadedAll / 1e6).toFixed(1)}${total} MB`
      return { phase: 'loading', step, fraction: totalAll > 0 ? loadedAll / totalAll : null }
    }
    case 'compile':
      return { phase: 'loading', step: `Compiling for ${name(event.device)}`, fraction: null }
    case 'warm-up':
      return { phase: 'loading', step: `Checking a known answer on ${name(event.device)}`, fraction: null }
    case 'ready':
    case 'embedded':
      return { phase: 'loading', step: 'Almost there', fraction: 1 }
  }
}

export function name(device: 'webgpu' | 'wasm'): string {
  return device === 'webgpu' ? 'WebGPU' : 'WebAssembly'
}
