/** The inference workers of one model: hands out batches, replaces workers that die, replays what they lost. */

import type { TokenBatch } from '../engine/batch.ts'
import { PriorityQueue } from '../engine/queue.ts'
import { EmbeddingsError, type EmbeddingsErrorCode } from '../openai/errors.ts'
import type { Priority } from '../openai/types.ts'
import type { InferenceSlot } from './inference-slot.ts'

interface Done {
  rows: Float32Array
  /** Of the run itself, in ms. */
  milliseconds: number
}

interface Job {
  readonly batch: TokenBatch
  readonly priority: Priority
  readonly signal: AbortSignal
  readonly resolve: (done: Done) => void
  readonly reject: (error: unknown) => void
  replayed: boolean
}

export interface PoolOptions {
  /** Makes one more worker on the backend now in force. */
  startSlot: () => Promise<InferenceSlot>
  /** Most workers at once on the backend now in force. */
  size: () => number
}

/** A batch that failed so was not the batch's fault; it is run once more on another worker. */
const REPLAYABLE: ReadonlySet<EmbeddingsErrorCode> = new Set(['worker_terminated', 'device_lost', 'timeout'])

/** A queue and the workers that serve it. */
export class InferencePool {
  readonly #options: PoolOptions
  readonly #queue = new PriorityQueue<Job>()
  readonly #idle = new Set<InferenceSlot>()
  readonly #busy = new Set<InferenceSlot>()
  #starting = 0
  /** Lowered when one more worker could not be started beside those that run: asking again would fail again. */
  #ceiling = Infinity
  #closed: EmbeddingsError | null = null

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Workers that are up. */
  get workers(): number {
    return this.#idle.size + this.#busy.size
  }

  /** Takes in a worker that is ready. */
  adopt(slot: InferenceSlot): void {
    if (this.#closed !== null) slot.terminate()
    else if (!slot.dead) this.#idle.add(slot)
    this.#pump()
  }

  /** Forgets a worker that died; its batch, if any, is replayed by whoever waits for it. */
  drop(slot: InferenceSlot): void {
    this.#idle.delete(slot)
    this.#busy.delete(slot)
    this.#pump()
  }

  /**
   * Runs a batch on the next free worker.
   *
   * @throws EmbeddingsError from the session, after one replay where the worker was at fault; the signal's reason
   *   when it is aborted before the batch runs
   */
  async run(batch: TokenBatch, priority: Priority, signal: AbortSignal): Promise<Float32Array> {
    return (await this.#enqueue(batch, priority, signal)).rows
  }

  /** Milliseconds that a batch takes on a worker, once its turn has come. @throws as `run` does */
  async time(batch: TokenBatch, signal: AbortSignal): Promise<number> {
    return (await this.#enqueue(batch, 'background', signal)).milliseconds
  }

  async #enqueue(batch: TokenBatch, priority: Priority, signal: AbortSignal): Promise<Done> {
    signal.throwIfAborted()
    if (this.#closed !== null) throw this.#closed
    const { promise, resolve, reject } = Promise.withResolvers<Done>()
    const job: Job = { batch, priority, signal, resolve, reject, replayed: false }
    const abort = (): void => {
      this.#queue.remove(job)
      // One that runs cannot be stopped; its rows go nowhere.
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort)
    this.#queue.push(job)
    this.#pump()
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Ends every worker and fails what waits. */
  close(error: EmbeddingsError): void {
    this.#closed = error
    for (const job of this.#queue.drain()) job.reject(error)
    for (const slot of [...this.#idle, ...this.#busy]) slot.terminate()
    this.#idle.clear()
    this.#busy.clear()
  }

  #pump(): void {
    for (const slot of this.#idle) {
      const job = this.#queue.shift()
      if (job === undefined) return
      this.#idle.delete(slot)
      this.#busy.add(slot)
      void this.#work(slot, job)
    }
    const room = Math.min(this.#options.size(), this.#ceiling) - this.workers
    const wanted = Math.min(this.#queue.size, room) - this.#starting
    for (let missing = wanted; missing > 0; missing--) void this.#startOne()
  }

  async #startOne(): Promise<void> {
    this.#starting++
    try {
      const slot = await this.#options.startSlot()
      this.#starting--
      this.adopt(slot)
    } catch (error) {
      this.#starting--
      // With another worker up or coming, the queue is served all the same; without one, nobody would answer it.
      if (this.workers + this.#starting > 0) this.#ceiling = this.workers + this.#starting
      else for (const job of this.#queue.drain()) job.reject(error)
    }
  }

  async #work(slot: InferenceSlot, job: Job): Promise<void> {
    try {
      const started = performance.now()
      const rows = await slot.run(job.batch)
      job.resolve({ rows, milliseconds: performance.now() - started })
    } catch (error) {
      this.#settleFailure(slot, job, error)
    }
    // A slot that was dropped meanwhile must not come back.
    if (this.#busy.delete(slot) && !slot.dead) this.#idle.add(slot)
    this.#pump()
  }

  #settleFailure(slot: InferenceSlot, job: Job, error: unknown): void {
    const replayable = error instanceof EmbeddingsError && REPLAYABLE.has(error.code)
    if (replayable && !job.replayed && !job.signal.aborted && this.#closed === null) {
      job.replayed = true
      this.#queue.pushFront(job)
    } else job.reject(this.#closed ?? error)
    // After any failed run the module's memory is in doubt; a fresh worker costs less than a wrong vector.
    this.#busy.delete(slot)
    if (!slot.dead) slot.terminate()
  }
}
