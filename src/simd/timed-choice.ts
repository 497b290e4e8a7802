/**
 * Which of two ways to the same result is faster here: a browser tells neither the CPU nor what else runs on it, so real work
 * is the measurement.
 */

/** Runs of each way before they are compared; medians are, so that some may be spoilt by whatever else runs. */
const LEAST_SAMPLES = 5

/** The latest runs that count: five bad ones of nine change the choice. */
const MOST_SAMPLES = 9

/** Least runs between two trials of the other way: so often it is tried while it is unknown or costs nothing. */
const LEAST_PAUSE = 7

/** Most of the time that may be lost by trying the slower way again. */
const TRIALS = 0.02

/** Median, in milliseconds a unit; NaN: not known yet. */
function costOf(samples: readonly number[]): number {
  const median = samples.toSorted((a, b) => a - b)[samples.length >> 1]
  return samples.length < LEAST_SAMPLES ? NaN : (median ?? NaN)
}

/** Takes the way that was faster of late, and tries the other one now and then. */
export class TimedChoice {
  /** True: the next run is to go the first way, which is taken until the second is known to be faster. */
  first = true
  /** Milliseconds a unit of the latest runs of each way. */
  readonly #one: number[] = []
  readonly #other: number[] = []
  /** Since the slower way was tried. */
  #runs = 0
  /** Milliseconds that trying it may lose. */
  #credit = 0

  /**
   * Takes the time of a run that has ended; runs may overlap.
   *
   * @param first the way that it went
   * @param units of its work: what the time grows with
   */
  record(first: boolean, units: number, milliseconds: number): void {
    const samples = first ? this.#one : this.#other
    if (samples.push(milliseconds / units) > MOST_SAMPLES) samples.shift()
    const gain = costOf(this.#one) - costOf(this.#other)
    const firstIsBest = !(gain > 0)
    const onBest = first === firstIsBest
    this.#runs = onBest ? this.#runs + 1 : 0
    this.#credit = onBest ? this.#credit + milliseconds * TRIALS : 0
    // At most as much as the run takes: what was tried in a bad moment must not seem bad for ever. Unknown: nothing.
    const tooDear = this.#credit < Math.min(Math.abs(gain) * units, milliseconds)
    this.first = firstIsBest === (this.#runs < LEAST_PAUSE || tooDear)
  }
}
