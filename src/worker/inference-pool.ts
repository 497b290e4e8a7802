/** The inference workers of one model: hands out batches, replaces workers that die, replays what they lost. */

import type { TokenBatch } from '../engine/batch.ts'
import { PriorityQueue } from '../engine/queue.ts'
import { EmbeddingsError, type EmbeddingsErrorCode } from '../openai/errors.ts'
import type { Priority } from '../openai/types.ts'
import { TimedChoice } from '../simd/timed-choice.ts'
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
  /** Others must not help. */
  alone: boolean
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
  readonly #busy = new Map<InferenceSlot, Job>()
  /** Whether a run for which nobody else waits goes faster with help. */
  readonly #help = new TimedChoice()
  /** Runs that have begun. */
  #runs = 0
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

  /** Milliseconds that a batch takes on one worker, once its turn has come. @throws as `run` does */
  async time(batch: TokenBatch, signal: AbortSignal): Promise<number> {
    return (await this.#enqueue(batch, 'background', signal, true)).milliseconds
  }

  async #enqueue(batch: TokenBatch, priority: Priority, signal: AbortSignal, alone = false): Promise<Done> {
    signal.throwIfAborted()
    if (this.#closed !== null) throw this.#closed
    const { promise, resolve, reject } = Promise.withResolvers<Done>()
    const job: Job = { batch, priority, signal, resolve, reject, alone, replayed: false }
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
    for (const slot of [...this.#idle, ...this.#busy.keys()]) slot.terminate()
    this.#idle.clear()
    this.#busy.clear()
  }

  /** @param helpers workers that shall be up or coming though no batch waits for them */
  #pump(helpers = 0): void {
    // The last to become idle first: what it has computed with is still in the processor's caches.
    for (const slot of [...this.#idle].reverse()) {
      const job = this.#queue.shift()
      if (job === undefined) break
      this.#idle.delete(slot)
      this.#busy.set(slot, job)
      void this.#work(slot, job)
    }
    // Whoever has no work helps those that have.
    if (this.#queue.size === 0 && this.#help.first) {
      for (const [leader, { alone }] of this.#busy) {
        if (!alone) for (const slot of this.#idle) slot.help(leader)
      }
    }
    const room = Math.min(this.#options.size(), this.#ceiling) - this.workers
    const wanted = Math.min(Math.max(this.#queue.size, helpers), room) - this.#starting
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
    const way = this.#help.first
    const lone = !job.alone && this.#busy.size === 1 && this.#idle.size > 0
    const run = ++this.#runs
    const started = performance.now()
    try {
      const rows = await slot.run(job.batch)
      const milliseconds = performance.now() - started
      // A run costs about a token more than it has. Help takes a core from others: less than a tenth is no gain.
      const units = (job.batch.ids.length + 1) * (way ? 0.9 : 1)
      if (lone && run === this.#runs) this.#help.record(way, units, milliseconds)
      job.resolve({ rows, milliseconds })
    } catch (error) {
      this.#settleFailure(slot, job, error)
    }
    // A slot that was dropped meanwhile must not come back.
    if (this.#busy.delete(slot) && !slot.dead) this.#idle.add(slot)
    // A lone worker that is asked again and again gets one to help it.
    this.#pump(slot.shared !== null && this.workers === 1 && run > 1 ? 1 : 0)
  }

  #settleFailure(slot: InferenceSlot, job: Job, error: unknown): void {
    const replayable = error instanceof EmbeddingsError && REPLAYABLE.has(error.code)
    if (replayable && !job.replayed && !job.signal.aborted && this.#closed === null) {
      job.replayed = job.alone = true
      this.#queue.pushFront(job)
    } else job.reject(this.#closed ?? error)
    // After any failed run the module's memory is in doubt; a fresh worker costs less than a wrong vector.
    this.#busy.delete(slot)
    if (!slot.dead) slot.terminate()
  }
}
