import { describe, expect, test } from 'vitest'
import { KernelChoice } from '../../../src/simd/kernel-choice.ts'

interface Machine {
  /** Milliseconds of a run in each way. */
  fused: number
  paired: number
  /** Milliseconds in which the clock ticks. @default 0.005 */
  tick?: number
  /** Milliseconds that something else took during some runs, by their number. */
  pauses?: ReadonlyMap<number, number>
}

/** Runs texts of 12 tokens until nothing changes any more. */
function choose({ fused, paired, tick = 0.005, pauses = new Map() }: Machine): {
  fused: boolean
  slow: number
} {
  const choice = new KernelChoice(true)
  const ways: boolean[] = []
  let now = 0.3
  for (let run = 0; run < 1000; run++) {
    ways.push(choice.fused)
    const start = Math.floor(now / tick) * tick
    now += (choice.fused ? fused : paired) + (pauses.get(run) ?? 0)
    choice.record(12, Math.floor(now / tick) * tick - start)
    now += 7.3
  }
  const last = ways.at(-1) ?? true
  return { fused: last, slow: ways.filter((way) => way !== last).length }
}

describe('KernelChoice', () => {
  test.each([
    [3.9, 3.1, false],
    [3.1, 3.9, true],
    [3, 3, true],
  ])('%f ms fused, %f ms paired: fused is %s', (fused, paired, expected) => {
    expect(choose({ fused, paired }).fused).toBe(expected)
  })

  test('knows after some twenty runs of each way', () => {
    expect(choose({ fused: 3.9, paired: 3.1 }).slow).toBeLessThanOrEqual(22)
  })

  test.each([true, false])(
    'two long pauses within runs of the faster way change nothing (fused: %s)',
    (fused) => {
      const machine = fused ? { fused: 3.1, paired: 3.9 } : { fused: 3.9, paired: 3.1 }
      // Wherever they fall: each run of the measurement in turn, and the one after the next.
      for (let run = 0; run < 60; run++) {
        const pauses = new Map([
          [run, 40],
          [run + 2, 40],
        ])
        expect(choose({ ...machine, pauses }).fused).toBe(fused)
      }
    },
  )

  test('a clock that ticks in milliseconds will do', () => {
    expect(choose({ fused: 3.9, paired: 3.1, tick: 1 }).fused).toBe(false)
    expect(choose({ fused: 3.1, paired: 3.9, tick: 1 }).fused).toBe(true)
    expect(choose({ fused: 0.5, paired: 0.3, tick: 1 }).fused).toBe(false)
  })

  test('one way only is taken without a measurement', () => {
    const choice = new KernelChoice(false)
    for (let run = 0; run < 100; run++) {
      expect(choice.fused).toBe(true)
      choice.record(12, 5)
    }
  })
})
