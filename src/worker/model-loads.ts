/** The models that are loading or up: each is loaded once however many ask, for as long as anybody waits for it. */

import { EmbeddingsError, type ErrorBody } from '../openai/errors.ts'
import { describeError } from '../rpc/error-codec.ts'
import type { BackendAttempt } from '../rpc/protocol.ts'
import type { LoadedModel } from './loaded-model.ts'

/** One model that is loading or up. */
interface ModelEntry {
  readonly loading: Promise<LoadedModel>
  readonly controller: AbortController
  /** Calls that wait for the load; when the last one gives up, the load is aborted. */
  waiters: number
  model: LoadedModel | null
  readonly attempts: BackendAttempt[]
}

/** What is known of one model's load; every field is empty where it was never asked for. */
export interface LoadState {
  state: 'unloaded' | 'loading' | 'ready' | 'failed'
  model: LoadedModel | null
  attempts: readonly BackendAttempt[]
  /** Of the last load, where that failed. */
  error: ErrorBody['error'] | null
}

/** Starts a load. `attempts` gets an entry for every backend tried or passed over, also after the load. */
export type StartLoad = (id: string, attempts: BackendAttempt[], signal: AbortSignal) => Promise<LoadedModel>

/** Loads by the models' canonical ids. */
export class ModelLoads {
  readonly #start: StartLoad
  readonly #entries = new Map<string, ModelEntry>()
  readonly #failures = new Map<string, Pick<LoadState, 'error' | 'attempts'>>()

  constructor(start: StartLoad) {
    this.#start = start
  }

  /** The model, once it is up. @throws EmbeddingsError of the load; the signal's reason */
  async acquire(id: string, signal: AbortSignal): Promise<LoadedModel> {
    const entry = this.#entry(id)
    if (entry.model !== null) return entry.model
    entry.waiters++
    const { promise: givenUp, reject } = Promise.withResolvers<never>()
    // Of an unload, a worker that is just making its session hears only afterwards: nobody has to wait for that.
    const ends = [signal, entry.controller.signal]
    const giveUp = ({ target }: Event): void => {
      reject((target as AbortSignal).reason)
    }
    for (const end of ends) end.addEventListener('abort', giveUp)
    try {
      signal.throwIfAborted()
      return await Promise.race([entry.loading, givenUp])
    } finally {
      for (const end of ends) end.removeEventListener('abort', giveUp)
      entry.waiters--
      if (entry.waiters === 0 && entry.model === null) {
        entry.controller.abort(signal.reason)
        // Forgotten at once: whoever asks next must not join a load that was given up.
        if (this.#entries.get(id) === entry) this.#entries.delete(id)
      }
    }
  }

  #entry(id: string): ModelEntry {
    const existing = this.#entries.get(id)
    if (existing !== undefined) return existing
    const controller = new AbortController()
    const attempts: BackendAttempt[] = []
    const loading = this.#start(id, attempts, controller.signal)
    const entry: ModelEntry = { loading, controller, waiters: 0, model: null, attempts }
    this.#entries.set(id, entry)
    loading.then(
      (model) => {
        entry.model = model
        this.#failures.delete(id)
        if (controller.signal.aborted) model.dispose(`The model ${id} was unloaded.`)
      },
      (error: unknown) => {
        // A failed load is forgotten, so that the next call tries afresh; its error stays readable.
        if (this.#entries.get(id) === entry) this.#entries.delete(id)
        if (!controller.signal.aborted) this.#failures.set(id, { error: errorOf(error), attempts })
      },
    )
    return entry
  }

  /** What is known of a model's load. */
  stateOf(id: string): LoadState {
    const entry = this.#entries.get(id)
    const { error = null, attempts = [] } = this.#failures.get(id) ?? {}
    if (entry === undefined) {
      return { state: error === null ? 'unloaded' : 'failed', model: null, attempts, error }
    }
    const { model } = entry
    return { state: model === null ? 'loading' : 'ready', model, attempts: entry.attempts, error }
  }

  /** Ends a model that is loading or up; requests that still wait for it fail with `worker_terminated`. */
  unload(id: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#entries.delete(id)
    const message = `The model ${id} was unloaded.`
    if (entry.model === null) entry.controller.abort(new EmbeddingsError('worker_terminated', message))
    else entry.model.dispose(message)
  }

  /** Ends a model that is up, by each of the names that it was asked for. @param path of its recipe */
  unloadFolder(path: string): void {
    for (const [id, { model }] of [...this.#entries]) if (model?.recipe.path === path) this.unload(id)
  }

  unloadAll(): void {
    for (const id of [...this.#entries.keys()]) this.unload(id)
  }
}

function errorOf(error: unknown): ErrorBody['error'] {
  const known =
    error instanceof EmbeddingsError ? error : new EmbeddingsError('inference_failed', describeError(error))
  return known.toJSON().error
}
