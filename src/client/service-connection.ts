/** The page's end of one service worker: every call settles, also when the worker dies without a word. */

import { releaseProxy, transfer, wrap, type Remote } from 'comlink'
import type { ModelStore } from '../models/store.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import { unwrap } from '../rpc/error-codec.ts'
import { onLockFreed } from '../rpc/liveness.ts'
import { OpenCalls } from '../rpc/open-calls.ts'
import type { ProgressEvent, ProgressMessage, Reply, ServiceApi, ServiceConfig } from '../rpc/protocol.ts'
import { serveStore } from './serve-store.ts'

/** What a connection needs from its owner. */
export interface ConnectionOptions {
  worker: Worker
  config: ServiceConfig
  /** The page's own store; null: the service has another. */
  store: ModelStore | null
  /** Ends the service when aborted, also while it starts. */
  closed: AbortSignal
  onProgress: (progress: ProgressEvent) => void
  /** Called once when the service has died. */
  onDeath: () => void
}

/** Milliseconds for a fresh worker to load its script and answer. */
const START_DEADLINE = 60_000

/** Nothing that the service does holds its thread for so long, not the largest tokenizer nor the longest text. */
const STUCK_SECONDS = 10

/** One live service worker. */
export class ServiceConnection {
  readonly #api: ServiceApi
  readonly #release: () => void
  readonly #worker: Worker
  #storePort: MessagePort | null = null
  /** Rejects when the service can no longer be used. */
  readonly #death: Promise<never>
  #die: (error: unknown) => void = () => undefined
  readonly #openCalls = new OpenCalls()
  readonly #stopped = new AbortController()
  readonly #configured: Promise<void>
  #ended = false

  /** Starts the service. Calls may follow at once: those that it cannot serve fail of what it died of. */
  constructor(options: ConnectionOptions) {
    const { worker, onProgress, onDeath, closed } = options
    this.#worker = worker
    const proxy = wrap<ServiceApi>(worker)
    this.#api = callable(proxy)
    this.#release = () => {
      proxy[releaseProxy]()
    }
    this.#death = new Promise((_, reject) => {
      this.#die = (error) => {
        reject(error)
        this.#openCalls.fail(error)
        // Whatever it died of, nobody asks it again; only its end gives the memory back.
        this.#end()
      }
    })
    this.#death.catch(onDeath)
    worker.addEventListener(
      'message',
      ({ data }: MessageEvent<Partial<ProgressMessage> | null>) => {
        if (data?.progress !== undefined) onProgress(data.progress)
      },
      { signal: this.#stopped.signal },
    )
    worker.addEventListener('error', (event) => {
      event.preventDefault()
      const message = event.message || 'its script could not be loaded (missing, or blocked by worker-src)'
      this.#die(new EmbeddingsError('worker_terminated', `The embedding service failed: ${message}.`))
    })
    worker.addEventListener('messageerror', () => {
      this.#die(
        new EmbeddingsError('worker_terminated', 'A message of the embedding service could not be read.'),
      )
    })
    const close = (): void => {
      this.#die(new EmbeddingsError('worker_terminated', 'The embedding service was closed.'))
    }
    closed.addEventListener('abort', close, { signal: this.#stopped.signal })
    this.#configured = this.#configure(options)
  }

  /** Settles when the service takes calls, or is dead: of a wrong recipe in the options, of a script that did not start. */
  async #configure({ config, store }: ConnectionOptions): Promise<void> {
    const timer = setTimeout(() => {
      const message = `The embedding service did not start within ${String(START_DEADLINE)} ms.`
      this.#die(new EmbeddingsError('timeout', message))
    }, START_DEADLINE)
    try {
      const storePort = this.#serve(store)
      await this.call<null>((api) => api.configure(config, storePort))
    } catch (error) {
      this.#die(error)
      return
    } finally {
      clearTimeout(timer)
    }
    if (config.livenessLock === null) return
    onLockFreed(config.livenessLock, this.#stopped.signal, () => {
      this.#die(new EmbeddingsError('worker_terminated', 'The embedding service ended unexpectedly.'))
    })
  }

  /** Makes a call: its value, or the death of the service, whichever comes first. @throws EmbeddingsError */
  async call<T>(invoke: (api: ServiceApi) => Promise<Reply<T>>): Promise<T> {
    if (this.#ended) return this.#death
    return unwrap(await this.#openCalls.settle(invoke(this.#api)))
  }

  /** The service's end of a port to the store, to be transferred. */
  #serve(store: ModelStore | null): MessagePort | null {
    if (store === null) return null
    const { port1, port2 } = new MessageChannel()
    serveStore(store, port1)
    this.#storePort = port1
    return transfer(port2, [port2])
  }

  /**
   * Cancels a call. A service that does not even answer this is stuck: it is ended, and the next call starts a fresh one.
   *
   * @throws EmbeddingsError when the service is dead
   */
  async cancel(callId: string): Promise<void> {
    // One that is starting has a deadline of its own.
    await this.#configured
    let seconds = 0
    // Second by second: in a page that was suspended one long timer would be over before the service has woken up.
    const timer = setInterval(() => {
      if (++seconds < STUCK_SECONDS) return
      const message = `The embedding service did not answer for ${String(STUCK_SECONDS)} s.`
      this.#die(new EmbeddingsError('worker_terminated', message))
    }, 1000)
    try {
      await this.call<null>((api) => api.cancel(callId))
    } finally {
      clearInterval(timer)
    }
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#stopped.abort()
    this.#storePort?.close()
    this.#release()
    this.#worker.terminate()
  }
}

/**
 * The facade behind Comlink's proxy. Reading a member of such a proxy makes another one, so the path of the call that
 * counts is kept.
 */
function callable(proxy: Remote<ServiceApi>): ServiceApi {
  // Comlink types only the first level of a facade as callable; every member of this one answers a promise anyway.
  const api = proxy as unknown as ServiceApi
  const { create } = api.embeddings
  return {
    configure: (...given) => api.configure(...given),
    embeddings: { create },
    models: api.models,
    cancel: (callId) => api.cancel(callId),
    close: () => api.close(),
  }
}
