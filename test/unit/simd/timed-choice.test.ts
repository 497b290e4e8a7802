import { describe, expect, test } from 'vitest'
import { TimedChoice } from '../../../src/simd/timed-choice.ts'

/** Milliseconds of a run in each way. */
interface Machine {
  first: number
  second: number
  /** Milliseconds in which the clock ticks. @default 0.005 */
  tick?: number
  /** Milliseconds that something else took during some runs, by their number. */
  pauses?: ReadonlyMap<number, number>
}

/** A page that runs texts of 12 tokens with pauses between them. */
class Page {
  readonly choice = new TimedChoice()
  #now = 0.3
  #run = 0

  /** @returns the way of each run */
  run(runs: number, { first, second, tick = 0.005, pauses = new Map() }: Machine): boolean[] {
    const ways: boolean[] = []
    for (let run = 0; run < runs; run++) {
      const way = this.choice.first
      ways.push(way)
      const start = Math.floor(this.#now / tick) * tick
      this.#now += (way ? first : second) + (pauses.get(this.#run++) ?? 0)
      this.choice.record(way, 12, Math.floor(this.#now / tick) * tick - start)
      // A person is not in step with the clock.
      this.#now += 7 + ((this.#run * 0.618) % 1)
    }
    return ways
  }
}

const FIRST = { first: 2.6, second: 3.7 }
const SECOND = { first: 3.7, second: 2.6 }

const share = (ways: readonly boolean[], way: boolean): number =>
  ways.filter((taken) => taken === way).length / ways.length

describe('TimedChoice', () => {
  test('the first way is taken at once, and the second in one run of eight until both are known', () => {
    const ways = new Page().run(32, SECOND)
    expect(ways.slice(0, 8)).toEqual([true, true, true, true, true, true, true, false])
    expect(share(ways, true)).toBe(0.875)
  })

  test.each([
    [FIRST, true],
    [SECOND, false],
    [{ first: 3, second: 3 }, true],
  ])('%o: the first way is taken: %s', (machine, expected) => {
    const page = new Page()
    page.run(70, machine)
    expect(share(page.run(1000, machine), expected)).toBeGreaterThan(0.7)
  })

  test('trying the slower way again costs 2 % of the time at most', () => {
    for (const second of [2.7, 3.7, 5, 40]) {
      const page = new Page()
      page.run(100, { first: 2.6, second })
      const tried = share(page.run(2000, { first: 2.6, second }), false)
      expect(tried).toBeGreaterThan(0.01)
      expect((tried * Math.min(second - 2.6, 2.6)) / 2.6).toBeLessThan(0.021)
    }
  })

  test.each([FIRST, SECOND])('a long pause within a run changes nothing: %o', (machine) => {
    const faster = machine === FIRST
    // Wherever it falls: each run of the measurement in turn.
    for (let run = 0; run < 100; run++) {
      const page = new Page()
      const ways = page.run(400, { ...machine, pauses: new Map([[run, 40]]) })
      expect(share(ways.slice(120), faster), `pause in run ${String(run)}`).toBeGreaterThan(0.85)
    }
  })

  test('a machine that changes is followed: at once where the way taken gets slower, else after some trials', () => {
    const page = new Page()
    page.run(200, FIRST)
    page.run(30, { first: 8, second: 3.7 })
    expect(share(page.run(200, { first: 8, second: 3.7 }), false)).toBeGreaterThan(0.9)
    page.run(1000, FIRST)
    expect(share(page.run(200, FIRST), true)).toBeGreaterThan(0.9)
  })

  test('a clock that ticks in tenths of a millisecond will do', () => {
    for (const machine of [FIRST, SECOND, { first: 0.5, second: 0.3 }]) {
      const page = new Page()
      page.run(2000, { ...machine, tick: 0.1 })
      expect(share(page.run(1000, { ...machine, tick: 0.1 }), machine === FIRST)).toBeGreaterThan(0.7)
    }
  })
})
