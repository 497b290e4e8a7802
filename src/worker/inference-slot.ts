/** One inference worker under supervision: every call settles, whatever becomes of the worker. */

import type { TokenBatch } from '../engine/batch.ts'
import type { RuntimeConfig, SessionConfig } from '../engine/embedding-session.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import { onLockFreed } from '../rpc/liveness.ts'
import { OpenCalls } from '../rpc/open-calls.ts'
import { WorkerCalls, type Argument, type Result } from '../rpc/worker-calls.ts'
import type { SharedEncoder } from '../simd/encoder.ts'
import { lend } from '../simd/team-words.ts'
import type { InferenceApi } from './inference-api.ts'

/**
 * Milliseconds after which a worker that has not answered is given up: that long nothing takes, not even fetching and compiling
 * the runtime, or the first batch on WebGPU, which compiles its shaders.
 */
const DEADLINE = 120_000

function spawnInferenceWorker(): Worker {
  return new Worker(new URL('./inference-entry.js', import.meta.url), { type: 'module' })
}

/** A worker with one session, alive until `terminate` or its death. */
export class InferenceSlot {
  /** GPU vendor and architecture; null on the CPU. */
  adapter: string | null = null
  /** Weights in shared memory that its session runs on; null: its memory is its own. */
  shared: SharedEncoder | null = null
  /** Where its own part of that memory begins. */
  #place = 0
  /** The worker that this one is lent to. */
  #leader: InferenceSlot | null = null
  /** Calls to help that it has not answered. */
  #helps = 0
  /** Those that may be at a task of the present run. */
  readonly #helpers = new Set<InferenceSlot>()
  readonly #worker: Worker
  readonly #calls: WorkerCalls<InferenceApi>
  readonly #openCalls = new OpenCalls()
  /** Why the worker can no longer be used. */
  #failure: EmbeddingsError | null = null
  #onLost: ((slot: InferenceSlot, error: EmbeddingsError) => void) | null = null
  readonly #ended = new AbortController()

  private constructor() {
    this.#worker = spawnInferenceWorker()
    this.#calls = new WorkerCalls(this.#worker)
    this.#worker.addEventListener('error', (event) => {
      // Otherwise it goes on to the page as an error of the service, which is well.
      event.preventDefault()
      // A worker script that cannot be loaded gives an event without a message.
      const message = event.message || 'its script could not be loaded (missing, or blocked by worker-src)'
      this.#end(`failed: ${message}`)
    })
    this.#worker.addEventListener('messageerror', () => {
      this.#end('failed: a message could not be read')
    })
  }

  #fail(error: EmbeddingsError): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#openCalls.fail(error)
    // Whatever it failed of, nobody asks it again; only its end gives the memory back.
    this.#ended.abort()
    this.#worker.terminate()
    queueMicrotask(() => this.#onLost?.(this, error))
  }

  #end(what: string): void {
    this.#fail(new EmbeddingsError('worker_terminated', `The inference worker ${what}.`))
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
  static start(
    runtime: RuntimeConfig,
    readConfig: () => Promise<SessionConfig>,
    onPassedOver: (reason: string) => void,
    onNotShared: (reason: string) => void,
    onLost: (slot: InferenceSlot, error: EmbeddingsError) => void,
  ): Promise<InferenceSlot> {
    return InferenceSlot.#open(onLost, async (slot) => {
      const [, config] = await Promise.all([slot.#prepare(runtime), readConfig()])
      const files = [config.model, ...config.externalData.map(({ data }) => data)]
      let answer = await slot.#ask('load', config, files)
      if (answer.passedOver !== null && runtime.kind === 'simd' && runtime.otherwise !== null) {
        onPassedOver(answer.passedOver)
        answer = await slot.#ask('fallBack', runtime.otherwise)
      }
      slot.adapter = answer.adapter
      slot.shared = answer.shared
      // Who packs has its part behind the weights.
      slot.#place = answer.shared?.model.end ?? 0
      if (answer.notShared !== null) onNotShared(answer.notShared)
      if (config.device === 'webgpu') slot.#watchDevice()
    })
  }

  /**
   * Starts a worker on weights that another one has packed: it reads no file.
   *
   * @throws EmbeddingsError from the session, `worker_terminated` or `timeout`; the worker is then gone
   */
  static attach(
    shared: SharedEncoder,
    onLost: (slot: InferenceSlot, error: EmbeddingsError) => void,
  ): Promise<InferenceSlot> {
    return InferenceSlot.#open(onLost, async (slot) => {
      await slot.#prepare(null)
      slot.#place = await slot.#ask('attach', shared)
      slot.shared = shared
    })
  }

  static async #open(
    onLost: (slot: InferenceSlot, error: EmbeddingsError) => void,
    makeSession: (slot: InferenceSlot) => Promise<void>,
  ): Promise<InferenceSlot> {
    const slot = new InferenceSlot()
    try {
      await makeSession(slot)
    } catch (error) {
      slot.terminate()
      throw error
    }
    slot.#onLost = onLost
    return slot
  }

  async #prepare(runtime: RuntimeConfig | null): Promise<void> {
    // Absent on insecure origins, whatever the types say.
    const hasLocks = (navigator as { locks?: LockManager }).locks !== undefined
    const livenessLock = hasLocks ? `browser-embeddings:inference:${crypto.randomUUID()}` : null
    await this.#ask('prepare', { runtime, livenessLock })
    if (livenessLock === null) return
    onLockFreed(livenessLock, this.#ended.signal, () => {
      this.#end('ended unexpectedly')
    })
  }

  /** True when the worker has failed or was terminated. */
  get dead(): boolean {
    return this.#failure !== null
  }

  /** @throws EmbeddingsError from the session; `worker_terminated`, `device_lost` or `timeout` when the worker died */
  async run(batch: TokenBatch): Promise<Float32Array> {
    this.#lendTo(null)
    try {
      return await this.#ask('run', batch)
    } catch (error) {
      // The run may tell of the loss before the device does; either way it counts as one.
      if (error instanceof EmbeddingsError && error.code === 'device_lost') this.#fail(error)
      // It may be their fault; without them it may succeed.
      if (this.#helpers.size > 0) this.#end('failed at a run that others helped with')
      throw this.#failure ?? error
    } finally {
      for (const helper of this.#helpers) if (helper.#leader === this) helper.#lendTo(null)
      this.#helpers.clear()
    }
  }

  /**
   * Has this worker, which must be idle, help another of the same memory with its present run, until that is done or work
   * of its own comes. Nothing happens where they have no memory in common, or it helps already.
   */
  help(leader: InferenceSlot): void {
    if (this.shared === null || this.shared !== leader.shared || this.#leader !== null) return
    this.#lendTo(leader)
    leader.#helpers.add(this)
    this.#helps++
    this.#ask('help', leader.#place).then(
      () => {
        // Otherwise it was lent once more before the answer came.
        if (--this.#helps > 0) return
        leader.#helpers.delete(this)
        if (this.#leader === leader) this.#lendTo(null)
      },
      () => {
        this.terminate()
        // It may have ended in the middle of a task, which nobody else does.
        if (leader.#helpers.has(this)) leader.#end('failed at a run that others helped with')
      },
    )
  }

  #lendTo(leader: InferenceSlot | null): void {
    if (this.shared === null || this.#leader === leader) return
    this.#leader = leader
    lend(this.shared.memory, this.#place, leader === null ? 0 : leader.#place)
  }

  /** Ends the worker; memory that WebAssembly took comes back only so. */
  terminate(): void {
    this.#end('was terminated')
  }

  #watchDevice(): void {
    void this.#calls.call('lost', null).then(
      (reason) => {
        this.#fail(new EmbeddingsError('device_lost', `The GPU device was lost (${reason}).`))
      },
      () => undefined,
    )
  }

  /** Makes one call, which settles in any case. */
  async #ask<Name extends keyof InferenceApi>(
    name: Name,
    argument: Argument<InferenceApi[Name]>,
    transfer: Transferable[] = [],
  ): Promise<Result<InferenceApi[Name]>> {
    if (this.#failure !== null) throw this.#failure
    const timer = setTimeout(() => {
      const message = `The inference worker was silent for ${String(DEADLINE)} ms (${name}).`
      this.#fail(new EmbeddingsError('timeout', message))
    }, DEADLINE)
    try {
      return await this.#openCalls.settle(this.#calls.call(name, argument, transfer))
    } finally {
      clearTimeout(timer)
    }
  }
}
