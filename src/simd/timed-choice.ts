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

/** Until both ways are known, the second one is taken after so many runs of the first. */
const EXPLORE = 3

/** Least runs between two trials of the other way, however little they cost. */
const LEAST_PAUSE = 8

/** Most of the time that may be lost by trying the slower way again. */
const TRIALS = 0.02

/** Takes the way that was faster of late, and tries the other one now and then. */
export class TimedChoice {
  /** Milliseconds a unit of each way, the latest last. */
  readonly #samples: readonly [number[], number[]] = [[], []]
  /** Units and milliseconds of the samples that are being taken. */
  readonly #open: readonly [[number, number], [number, number]] = [
    [0, 0],
    [0, 0],
  ]
  #best: 0 | 1 = 0
  #warmUp = 0
  /** Since the other way was tried. */
  #runs = 0
  /** Milliseconds that trying it may lose. */
  #credit = 0
  #trying = false

  /** True: the next run is to go the first way, which is taken until the second is known to be faster. */
  get first(): boolean {
    return (this.#best === 0) !== this.#trying
  }

  /**
   * Takes the time of a run that has ended; runs may overlap.
   *
   * @param first the way that it went
   * @param units of its work: what the time grows with
   */
  record(first: boolean, units: number, milliseconds: number): void {
    const way = first ? 0 : 1
    if (this.#warmUp < WARM_UP) this.#warmUp += milliseconds
    else this.#add(way, units, milliseconds)
    this.#best = this.#cost(1) < this.#cost(0) ? 1 : 0
    const onBest = way === this.#best
    this.#runs = onBest ? this.#runs + 1 : 0
    this.#credit = onBest ? this.#credit + milliseconds * TRIALS : 0
    const best = this.#cost(this.#best)
    // At most as much as the run takes: what was tried in a bad moment must not seem bad for ever.
    const loss = Math.min(this.#cost(this.#best === 0 ? 1 : 0) - best, best) * units
    this.#trying = Number.isNaN(loss)
      ? this.#runs >= EXPLORE
      : this.#runs >= LEAST_PAUSE && this.#credit >= loss
  }

  #add(way: 0 | 1, units: number, milliseconds: number): void {
    const open = this.#open[way]
    open[0] += units
    open[1] += milliseconds
    if (open[1] < SAMPLE) return
    const samples = this.#samples[way]
    samples.push(open[1] / open[0])
    if (samples.length > MOST_SAMPLES) samples.shift()
    open.fill(0)
  }

  /** Milliseconds a unit; NaN: not known yet. */
  #cost(way: 0 | 1): number {
    const samples = this.#samples[way]
    const median = samples.toSorted((a, b) => a - b)[samples.length >> 1]
    return median === undefined || samples.length < LEAST_SAMPLES ? NaN : median
  }
}
