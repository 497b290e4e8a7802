/**
 * Which of two ways of computing the same dot products is faster on this CPU; a browser tells neither the CPU nor what it
 * compiles to. Both give the same bits, so real work serves as the measurement.
 */

/** Milliseconds of runs that do not count: until then the browser's fast compiler may not be done. */
const WARM_UP = 60

/** Least milliseconds of a sample: some clocks tick in whole milliseconds. */
const SAMPLE = 5

/** Samples of each way. Their medians are compared: whatever else the machine does may spoil two of them. */
const SAMPLES = 5

/** Alternates between two ways until it knows the faster one. */
export class KernelChoice {
  #chosen: boolean | null
  #next = true
  #warmUp = 0
  /** The sample that is being taken. */
  #tokens = 0
  #milliseconds = 0
  /** Milliseconds a token. */
  readonly #samples = { fused: [] as number[], paired: [] as number[] }

  /** @param alternatives false: there is one way only, and nothing to choose */
  constructor(alternatives: boolean) {
    this.#chosen = alternatives ? null : true
  }

  /** True: the next run is to compute a dot product in one instruction; false: in two. */
  get fused(): boolean {
    return this.#chosen ?? this.#next
  }

  /** Takes the time of the run that has just ended. */
  record(tokens: number, milliseconds: number): void {
    if (this.#chosen !== null) return
    if (this.#warmUp < WARM_UP) {
      this.#warmUp += milliseconds
      this.#next = !this.#next
      return
    }
    this.#tokens += tokens
    this.#milliseconds += milliseconds
    if (this.#milliseconds < SAMPLE) return
    const { fused, paired } = this.#samples
    ;(this.#next ? fused : paired).push(this.#milliseconds / this.#tokens)
    this.#tokens = this.#milliseconds = 0
    this.#next = !this.#next
    if (Math.min(fused.length, paired.length) < SAMPLES) return
    this.#chosen = median(fused) <= median(paired)
  }
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0
}
