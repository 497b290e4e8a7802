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

/** Until both ways are known, one run of so many goes the second way. */
const EXPLORE = 4

/** Least runs between two trials of the other way, however little they cost. */
const LEAST_PAUSE = 8

export interface TimedChoiceOptions {
  /** The way that is taken until another is known to be faster, and of two that are equal. */
  first: boolean
  /** Most of the time that may be lost by trying the slower way again, from 0 to 1. */
  trials: number
}

/** What is known of one way. */
class Way {
  /** Milliseconds a unit, the latest last. */
  readonly #samples: number[] = []
  #units = 0
  #milliseconds = 0

  get known(): boolean {
    return this.#samples.length >= LEAST_SAMPLES
  }

  /** Milliseconds a unit; 0 where nothing is known. */
  get cost(): number {
    const { length } = this.#samples
    return this.#samples.toSorted((a, b) => a - b)[length >> 1] ?? 0
  }

  add(units: number, milliseconds: number): void {
    this.#units += units
    this.#milliseconds += milliseconds
    if (this.#milliseconds < SAMPLE) return
    this.#samples.push(this.#milliseconds / this.#units)
    if (this.#samples.length > MOST_SAMPLES) this.#samples.shift()
    this.#units = this.#milliseconds = 0
  }
}

/** Takes the way that was faster of late, and tries the other one now and then. */
export class TimedChoice {
  readonly #options: TimedChoiceOptions
  readonly #first = new Way()
  readonly #second = new Way()
  #firstIsBest = true
  #warmUp = 0
  /** Since the other way was tried. */
  #runs = 0
  /** Milliseconds that trying it may lose. */
  #credit = 0
  #trying = false

  constructor(options: TimedChoiceOptions) {
    this.#options = options
  }

  /** The way for the next run. */
  get next(): boolean {
    return this.#options.first === (this.#firstIsBest !== this.#trying)
  }

  /**
   * Takes the time of a run that has ended; runs may overlap.
   *
   * @param way that it went
   * @param units of its work: what the time grows with
   */
  record(way: boolean, units: number, milliseconds: number): void {
    const { first, trials } = this.#options
    if (this.#warmUp < WARM_UP) this.#warmUp += milliseconds
    else (way === first ? this.#first : this.#second).add(units, milliseconds)
    if (this.#first.known && this.#second.known) this.#firstIsBest = this.#first.cost <= this.#second.cost
    const onBest = (way === first) === this.#firstIsBest
    this.#runs = onBest ? this.#runs + 1 : 0
    this.#credit = onBest ? this.#credit + milliseconds * trials : 0
    this.#trying =
      this.#runs >= (this.#second.known ? LEAST_PAUSE : EXPLORE - 1) && this.#credit >= this.#loss(units)
  }

  /** Milliseconds that a run on the other way is expected to lose. */
  #loss(units: number): number {
    const [best, other] = this.#firstIsBest ? [this.#first, this.#second] : [this.#second, this.#first]
    if (!other.known) return 0
    // At most as much as the run takes: what was tried in a bad moment must not seem bad for ever.
    return Math.min(other.cost - best.cost, best.cost) * units
  }
}
