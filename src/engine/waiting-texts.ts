import { planBatches, type BatchLimits, type PlannedBatch } from './batch.ts'

/** A tokenized text on its way into a batch. */
export interface WaitingText {
  /** Where it stood in the request. */
  position: number
  /** Token ids, special tokens included. */
  tokens: Int32Array
}

/** Texts that wait for their batch. They are planned only when a batch is wanted, so that as many as can be are sorted together. */
export class WaitingTexts {
  readonly #limits: BatchLimits
  #texts: WaitingText[] = []
  #planned: PlannedBatch[] = []
  #dropped = false

  constructor(limits: BatchLimits) {
    this.#limits = limits
  }

  add(texts: readonly WaitingText[]): void {
    this.#texts.push(...texts)
  }

  /** True after `drop`: nobody takes anything any more. */
  get dropped(): boolean {
    return this.#dropped
  }

  /** Forgets what waits. */
  drop(): void {
    this.#dropped = true
    this.#texts = []
    this.#planned = []
  }

  /** The next batch, longest texts first among those that have come; null when there is none yet. */
  take(): PlannedBatch | null {
    if (this.#planned.length === 0 && this.#texts.length > 0) this.#plan()
    return this.#planned.pop() ?? null
  }

  #plan(): void {
    const texts = this.#texts
    this.#texts = []
    const batches = planBatches(
      texts.map(({ tokens }) => tokens),
      this.#limits,
    )
    // Taken from the end, which costs the same however many wait.
    this.#planned = batches.reverse().map(({ tokens, positions }) => ({
      tokens,
      positions: positions.map((index) => texts[index]?.position ?? 0),
    }))
  }
}
