/**
 * Which of two ways to the same result is faster here: a browser tells neither the CPU nor what else runs on it, so real work
 * is the measurement.
 */

/** Milliseconds of runs that do not count: until then the browser's fast compiler may not be done. */
const WARM_UP = 60

/** Least milliseconds of a sample: some clocks tick in whole milliseconds. */
const SAMPLE = 5

/** Samples of each way before they are compared; medians are, so that one may be spoilt by whatever else runs. */
const LEAST_SAMPLES = 3

/** The latest samples that count: three bad ones of five change the choice. */
const MOST_SAMPLES = 5

/** Least runs between two trials of the other way: so often it is tried while it is unknown or costs nothing. */
const LEAST_PAUSE = 3

/** Most of the time that may be lost by trying the slower way again. */
const TRIALS = 0.02

/** What is known of one way. */
interface Way {
  /** Milliseconds a unit, the latest last. */
  samples: number[]
  /** Of the sample that is being taken. */
  units: number
  milliseconds: number
}

const unknown = (): Way => ({ samples: [], units: 0, milliseconds: 0 })

/** Milliseconds a unit; NaN: not known yet. */
function costOf({ samples }: Way): number {
  const median = samples.toSorted((a, b) => a - b)[samples.length >> 1]
  return samples.length < LEAST_SAMPLES ? NaN : (median ?? NaN)
}

/** Takes the way that was faster of late, and tries the other one now and then. */
export class TimedChoice {
  /** True: the next run is to go the first way, which is taken until the second is known to be faster. */
  first = true
  readonly #one = unknown()
  readonly #other = unknown()
  #warmUp = 0
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
    const way = first ? this.#one : this.#other
    if (this.#warmUp < WARM_UP) this.#warmUp += milliseconds
    else {
      way.units += units
      way.milliseconds += milliseconds
    }
    if (way.milliseconds >= SAMPLE) {
      way.samples = [...way.samples, way.milliseconds / way.units].slice(-MOST_SAMPLES)
      way.units = way.milliseconds = 0
    }
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
