/** One inference worker under supervision: every call settles, whatever becomes of the worker. */

import type { TokenBatch } from '../engine/batch.ts'
import type { RuntimeConfig, SessionConfig } from '../engine/embedding-session.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import { onLockFreed } from '../rpc/liveness.ts'
import { OpenCalls } from '../rpc/open-calls.ts'
import { WorkerCalls } from '../rpc/worker-calls.ts'
import type { SharedEncoder } from '../simd/encoder.ts'
import type { InferenceApi, LoadAnswer } from './inference-api.ts'

/** Milliseconds after which a worker that has not answered is given up. */
export interface Deadlines {
  /** Fetching and compiling the runtime, building the session. */
  load: number
  /** One batch. The first on WebGPU compiles its shaders. */
  run: number
}

function spawnInferenceWorker(): Worker {
  return new Worker(new URL('./inference-entry.js', import.meta.url), { type: 'module' })
}

/** A worker with one session, alive until `terminate` or its death. */
export class InferenceSlot {
  /** GPU vendor and architecture; null on the CPU. */
  adapter: string | null = null
  /** Weights in shared memory that its session runs on; null: its memory is its own. */
  shared: SharedEncoder | null = null
  readonly #worker: Worker
  readonly #calls: WorkerCalls<InferenceApi>
  readonly #deadlines: Deadlines
  /** Rejects when the worker can no longer be used. */
  readonly #failure: Promise<never>
  #fail: (error: EmbeddingsError) => void = () => undefined
  readonly #openCalls = new OpenCalls()
  #dead = false
  readonly #ended = new AbortController()

  private constructor(deadlines: Deadlines) {
    this.#worker = spawnInferenceWorker()
    this.#calls = new WorkerCalls(this.#worker)
    this.#deadlines = deadlines
    this.#failure = new Promise((_, reject) => {
      this.#fail = (error) => {
        if (this.#dead) return
        this.#dead = true
        reject(error)
        this.#openCalls.fail(error)
        // Whatever it failed of, nobody asks it again; only its end gives the memory back.
        this.#ended.abort()
        this.#worker.terminate()
      }
    })
    // It is handed to callers; alone it must not count as unhandled.
    this.#failure.catch(() => undefined)
    this.#worker.addEventListener('error', (event) => {
      // Otherwise it goes on to the page as an error of the service, which is well.
      event.preventDefault()
      // A worker script that cannot be loaded gives an event without a message.
      const message = event.message || 'its script could not be loaded (missing, or blocked by worker-src)'
      this.#fail(new EmbeddingsError('worker_terminated', `The inference worker failed: ${message}.`))
    })
    this.#worker.addEventListener('messageerror', () => {
      this.#fail(
        new EmbeddingsError('worker_terminated', 'A message of the inference worker could not be read.'),
      )
    })
  }

  /**
   * Starts a worker, and its runtime while the model is being read, and makes its session.
   *
   * @param runtime what to start at once
   * @param readConfig gives the session's configuration; its files are transferred and unusable afterwards
   * @param onPassedOver called when the CPU encoder does not know the model, before onnxruntime is tried in the same worker
   * @param onNotShared called with the reason where the weights could not be packed into shared memory
   * @param onLost called once if the worker dies or its GPU is lost later on, also while it is idle
   * @throws EmbeddingsError from the session, `worker_terminated` or `timeout`; the worker is then gone
   */
  static async start(
    runtime: RuntimeConfig,
    readConfig: () => Promise<SessionConfig>,
    deadlines: Deadlines,
    onPassedOver: (reason: string) => void,
    onNotShared: (reason: string) => void,
    onLost: (slot: InferenceSlot, error: EmbeddingsError) => void,
  ): Promise<InferenceSlot> {
    const slot = new InferenceSlot(deadlines)
    let config: SessionConfig
    try {
      const [, read] = await Promise.all([slot.#prepare(runtime), readConfig()])
      config = read
      const files = [config.model, ...config.externalData.map(({ data }) => data)]
      let answer = await slot.#makeSession(slot.#calls.call('load', config, files))
      if (answer.passedOver !== null && runtime.kind === 'simd' && runtime.otherwise !== null) {
        onPassedOver(answer.passedOver)
        answer = await slot.#makeSession(slot.#calls.call('fallBack', runtime.otherwise))
      }
      slot.adapter = answer.adapter
      slot.shared = answer.shared
      if (answer.notShared !== null) onNotShared(answer.notShared)
    } catch (error) {
      slot.terminate()
      throw error
    }
    slot.#tellLoss(onLost)
    if (config.device === 'webgpu') slot.#watchDevice()
    return slot
  }

  /**
   * Starts a worker on weights that another one has packed: it reads no file.
   *
   * @throws EmbeddingsError from the session, `worker_terminated` or `timeout`; the worker is then gone
   */
  static async attach(
    shared: SharedEncoder,
    deadlines: Deadlines,
    onLost: (slot: InferenceSlot, error: EmbeddingsError) => void,
  ): Promise<InferenceSlot> {
    const slot = new InferenceSlot(deadlines)
    try {
      await slot.#prepare(null)
      await slot.#settle(slot.#calls.call('attach', shared), deadlines.load, 'making the session')
    } catch (error) {
      slot.terminate()
      throw error
    }
    slot.shared = shared
    slot.#tellLoss(onLost)
    return slot
  }

  #tellLoss(onLost: (slot: InferenceSlot, error: EmbeddingsError) => void): void {
    this.#failure.catch((error: unknown) => {
      onLost(this, error as EmbeddingsError)
    })
  }

  #makeSession(loading: Promise<LoadAnswer>): Promise<LoadAnswer> {
    return this.#settle(loading, this.#deadlines.load, 'making the session')
  }

  async #prepare(runtime: RuntimeConfig | null): Promise<void> {
    // Absent on insecure origins, whatever the types say.
    const hasLocks = (navigator as { locks?: LockManager }).locks !== undefined
    const livenessLock = hasLocks ? `browser-embeddings:inference:${crypto.randomUUID()}` : null
    const preparing = this.#calls.call('prepare', { runtime, livenessLock })
    await this.#settle(preparing, this.#deadlines.load, 'starting the runtime')
    if (livenessLock === null) return
    onLockFreed(livenessLock, this.#ended.signal, () => {
      this.#fail(new EmbeddingsError('worker_terminated', 'The inference worker ended unexpectedly.'))
    })
  }

  /** True when the worker has failed or was terminated. */
  get dead(): boolean {
    return this.#dead
  }

  /** @throws EmbeddingsError from the session; `worker_terminated`, `device_lost` or `timeout` when the worker died */
  async run(batch: TokenBatch): Promise<Float32Array> {
    if (this.#dead) return this.#failure
    try {
      return await this.#settle(this.#calls.call('run', batch), this.#deadlines.run, 'running a batch')
    } catch (error) {
      // The run may tell of the loss before the device does; either way it counts as one.
      if (error instanceof EmbeddingsError && error.code === 'device_lost') this.#fail(error)
      throw error
    }
  }

  /** Ends the worker; memory that WebAssembly took comes back only so. */
  terminate(): void {
    this.#fail(new EmbeddingsError('worker_terminated', 'The inference worker was terminated.'))
  }

  #watchDevice(): void {
    void Promise.race([this.#calls.call('lost', null), this.#failure]).then(
      (reason) => {
        this.#fail(new EmbeddingsError('device_lost', `The GPU device was lost (${reason}).`))
      },
      () => undefined,
    )
  }

  async #settle<T>(call: Promise<T>, deadline: number, doing: string): Promise<T> {
    if (this.#dead) return Promise.race([call, this.#failure])
    const timer = setTimeout(() => {
      const message = `The inference worker was silent for ${String(deadline)} ms while ${doing}.`
      this.#fail(new EmbeddingsError('timeout', message))
    }, deadline)
    try {
      return await this.#openCalls.settle(call)
    } finally {
      clearTimeout(timer)
    }
  }
}
