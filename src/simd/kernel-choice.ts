/**
 * Which of two ways of computing the same dot products is faster on this CPU; a browser tells neither the CPU nor what it
 * compiles to. Both give the same bits, so real work serves as the measurement.
 */

/** Milliseconds of runs that do not count: until then the browser's fast compiler may not be done. */
const WARM_UP = 60

/** Milliseconds of counted runs in each way before one is chosen: enough for timers that tick in whole milliseconds. */
const ENOUGH = 60

/** Alternates between two ways until it knows the faster one. */
export class KernelChoice {
  #chosen: boolean | null
  #next = true
  #warmUp = 0
  readonly #tokens = { fused: 0, paired: 0 }
  readonly #milliseconds = { fused: 0, paired: 0 }

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
    const way = this.#next ? 'fused' : 'paired'
    this.#next = !this.#next
    if (this.#warmUp < WARM_UP) {
      this.#warmUp += milliseconds
      return
    }
    this.#tokens[way] += tokens
    this.#milliseconds[way] += milliseconds
    const { fused, paired } = this.#milliseconds
    if (fused < ENOUGH || paired < ENOUGH) return
    this.#chosen = fused / this.#tokens.fused <= paired / this.#tokens.paired
  }
}
