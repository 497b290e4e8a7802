/** Calls from the page to the service: starts it on first use, replaces it when it died, times out and aborts. */

import { EmbeddingsError } from '../openai/errors.ts'
import type { ProgressEvent, Reply, ServiceApi, ServiceConfig } from '../rpc/protocol.ts'
import { DEFAULT_TIMEOUT, readTimeout, toServiceConfig, type EmbeddingsClientOptions } from './options.ts'
import { askToKeepStorage } from './persistent-storage.ts'
import { ServiceConnection } from './service-connection.ts'
import { spawnService } from './spawn.ts'

/** What a caller may say of one call. */
export interface CallControl {
  signal?: AbortSignal | undefined
  /** Milliseconds. @default the client's timeout */
  timeout?: number | undefined
  /** Progress of this call and of the loads it waits for. */
  onProgress?: ((progress: ProgressEvent) => void) | undefined
}

/** Starts a call of the service. */
type Invoke<T> = (api: ServiceApi, callId: string, quiet: boolean) => Promise<Reply<T>>

/** The client's one way to its service. */
export class Transport {
  readonly #options: EmbeddingsClientOptions
  readonly #config: ServiceConfig
  readonly #timeout: number
  readonly #listeners = new Set<(progress: ProgressEvent) => void>()
  #connection: ServiceConnection | null = null
  readonly #closed = new AbortController()
  #calls = 0

  /** Starts nothing. @throws EmbeddingsError `invalid_value` for a wrong option */
  constructor(options: EmbeddingsClientOptions) {
    this.#options = options
    this.#timeout = options.timeout === undefined ? DEFAULT_TIMEOUT : readTimeout(options.timeout)
    this.#config = toServiceConfig(options, null)
    if (options.onProgress !== undefined) this.#listeners.add(options.onProgress)
  }

  /**
   * Makes one call.
   *
   * @param invoke starts the call; `callId` names it for the service; `quiet`: nobody listens to its progress
   * @throws EmbeddingsError; the signal's own reason when it is aborted
   */
  async call<T>(invoke: Invoke<T>, { signal, timeout, onProgress }: CallControl = {}): Promise<T> {
    signal?.throwIfAborted()
    const limit = timeout === undefined ? this.#timeout : readTimeout(timeout)
    const callId = String(++this.#calls)
    const quiet = onProgress === undefined && this.#options.onProgress === undefined
    const connection = this.#connect()
    // Sent before all else: the rest is done while the service works.
    const answer = connection.call((api) => invoke(api, callId, quiet))
    const { promise: givenUp, reject } = Promise.withResolvers<never>()
    const abort = (): void => {
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      reject(
        new EmbeddingsError(
          'timeout',
          `The call was not answered within ${String(limit)} ms (option timeout).`,
        ),
      )
    }, limit)
    signal?.addEventListener('abort', abort)
    const listener = onProgress === undefined ? null : onlyFor(callId, onProgress)
    if (listener !== null) this.#listeners.add(listener)
    try {
      return await Promise.race([answer, givenUp])
    } catch (error) {
      if (signal?.aborted === true || isTimeout(error)) {
        // The call has settled here; if the service is gone as well, nothing is left to cancel.
        connection.cancel(callId).catch(() => null)
      }
      throw error
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      if (listener !== null) this.#listeners.delete(listener)
    }
  }

  /** True after `close`: every later call fails. */
  get closed(): boolean {
    return this.#closed.signal.aborted
  }

  /** Ends the service, also one that is still starting; calls that wait fail with `worker_terminated`, later ones too. */
  close(): void {
    this.#connection = null
    this.#closed.abort()
  }

  #connect(): ServiceConnection {
    if (this.closed) throw new EmbeddingsError('worker_terminated', 'The client is closed.')
    return (this.#connection ??= this.#open())
  }

  #spawn(): Worker {
    try {
      return (this.#options.createWorker ?? spawnService)()
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new EmbeddingsError('worker_terminated', `The embedding service could not be started: ${reason}`, {
        cause,
      })
    }
  }

  #open(): ServiceConnection {
    // Absent on insecure origins, whatever the types say.
    const hasLocks = (navigator as Partial<Navigator>).locks !== undefined
    const connection = new ServiceConnection({
      worker: this.#spawn(),
      config: { ...this.#config, livenessLock: hasLocks ? `browser-embeddings:${newId()}` : null },
      onProgress: (progress) => {
        // A model that is up has left its files in the store.
        if (progress.type === 'ready' && this.#config.storage === 'auto') void askToKeepStorage()
        for (const listener of this.#listeners) listener(progress)
      },
      store: typeof this.#options.storage === 'object' ? this.#options.storage : null,
      closed: this.#closed.signal,
      onDeath: () => {
        // The next call starts a fresh service.
        if (this.#connection === connection) this.#connection = null
      },
    })
    return connection
  }
}

function newId(): string {
  // crypto.randomUUID is absent on insecure origins.
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-')
}

function isTimeout(error: unknown): boolean {
  return error instanceof EmbeddingsError && error.code === 'timeout'
}

function onlyFor(callId: string, onProgress: (progress: ProgressEvent) => void) {
  return (progress: ProgressEvent): void => {
    if (progress.type !== 'embedded' || progress.callId === callId) onProgress(progress)
  }
}
