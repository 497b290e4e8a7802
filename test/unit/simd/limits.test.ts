/** Which products are added in int16: all that are proven to fit, whatever the activations, and hardly less. */

import { describe, expect, it } from 'vitest'
import type { EncoderExports } from '../../../src/simd/encoder-module.ts'
import { plainModule } from './reference.ts'

interface Measures extends EncoderExports {
  measureActivations(steps: number, block: number, negatedZeroPoint: number, to: number): void
}

const GROUP = 32
/** Addresses behind the module's own constants. */
const [PANELS, SUMS, LIMITS, STEPS, SQUARES] = [65_536, 131_072, 196_608, 230_000, 240_000]

const memory = new WebAssembly.Memory({ initial: 4 })
const { exports } = await WebAssembly.instantiate((await plainModule()).module, { env: { memory } })
const encoder = exports as unknown as Measures

/** Numbers from -most to most. */
function random(count: number, most: number, seed: number): Int8Array {
  let state = seed
  return Int8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.round((state / 2 ** 32 - 0.5) * 2 * most)
  })
}

/** Sums and limits of blocks of 16 columns, from their weights in the order of the panels. */
function measureWeights(weights: Int8Array, block: number) {
  const blocks = weights.length / (block * 16)
  const sumsOfBlock = block === GROUP ? 32 : (block / 2) * 3
  new Int8Array(memory.buffer, PANELS, weights.length).set(weights)
  encoder.measureWeights(PANELS, SUMS, LIMITS, blocks, block)
  return Array.from({ length: blocks }, (_, at) => {
    const limits = new Int16Array(memory.buffer, LIMITS + at * 16, 8)
    const sums = new Int16Array(memory.buffer, SUMS + at * sumsOfBlock * 2, sumsOfBlock)
    return { long: limits.slice(0, 4), short: limits.slice(4), sums: Array.from(sums) }
  })
}

/** What the activations of a block are measured as: a number a group. */
function measureActivations(steps: readonly number[], zeroPoint: number): number[] {
  new Uint8Array(memory.buffer, STEPS, steps.length).set(steps)
  encoder.measureActivations(STEPS, steps.length, -zeroPoint, SQUARES)
  return Array.from(new Int16Array(memory.buffer, SQUARES, steps.length / GROUP))
}

/** Panels are [inputs / 4][16][4]; a lane takes two neighbours of 4 inputs, in all steps: its weights, in their order. */
function lanesOf(weights: Int8Array, first: number, inputs: number): number[][] {
  return Array.from({ length: 32 }, (_, lane) =>
    Array.from({ length: inputs / 2 }, (__, at) => weights[first * 16 + (at >> 1) * 64 + lane * 2 + (at & 1)]!),
  )
}

/** The inputs whose weights lie in a lane. */
const inputOf = (lane: number, at: number): number => (at >> 1) * 4 + (lane & 1) * 2 + (at & 1)

const total = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0)
const squares = (numbers: readonly number[]): number => total(numbers.map((number) => number * number))

/** All runs of inputs that may be added up as one, and the limit for each. */
function runsOf({ long, short }: { long: Int16Array; short: Int16Array }, block: number) {
  const groups = Array.from({ length: block / GROUP }, (_, at) => at)
  return [
    ...groups.map((group) => ({ first: group * GROUP, inputs: GROUP, limit: short[group]! })),
    ...groups
      .filter((group) => group % 2 === 0 && block > GROUP)
      .map((group) => ({ first: group * GROUP, inputs: 2 * GROUP, limit: long[group]! })),
  ]
}

/** The activations, as far from 64 as 0…127 allows, whose products with the weights have the largest sum for their size. */
function worstFor(weights: readonly number[], length: number): number[] {
  const factor = length / Math.sqrt(squares(weights))
  return weights.map((weight) => Math.max(-64, Math.min(63, Math.trunc(weight * factor))))
}

describe.each([32, 64, 128])('blocks of %d', (block) => {
  it.each([5, 20, 40, 64, 100, 127])('of weights up to ±%d: no sum within the limits leaves int16', (most) => {
    const weights = random(block * 16 * 2, most, most)
    for (const [index, limits] of measureWeights(weights, block).entries()) {
      for (const { first, inputs, limit } of runsOf(limits, block)) {
        for (const [lane, own] of lanesOf(weights, index * block + first, inputs).entries()) {
          for (let length = 50; length < 700; length += 50) {
            const deviations = worstFor(own, length)
            const steps = new Array<number>(block).fill(64)
            for (const [at, deviation] of deviations.entries())
              steps[first + inputOf(lane, at)] = 64 + deviation
            const found = measureActivations(steps, 64)
            const measured = found.slice(first / GROUP, (first + inputs) / GROUP)
            // The others are 0: of the activations, one lane only is not.
            expect(total(found)).toBe(total(measured))
            expect(total(measured) * 16).toBeGreaterThanOrEqual(squares(deviations))
            if (total(measured) >= limit) continue
            expect(total(own.map((weight, at) => weight * deviations[at]!))).toBeLessThanOrEqual(32_767)
          }
        }
      }
    }
  })

  it.each([60, 75, 90, 127])('of weights up to ±%d: limits are no lower than they must be', (most) => {
    const weights = random(block * 16, most, 7)
    const [limits] = measureWeights(weights, block)
    for (const { first, inputs, limit } of runsOf(limits!, block)) {
      const halves = Array.from({ length: inputs / GROUP }, (_, half) =>
        Math.max(...lanesOf(weights, first + half * GROUP, GROUP).map(squares)),
      )
      const largest = Math.floor(32_767 ** 2 / 16 / total(halves))
      if (inputs > GROUP && largest < 1599) expect(limit).toBe(0)
      else expect(Math.abs(limit - largest - 1)).toBeLessThanOrEqual(1)
    }
  })

  it('has the sums of each lane', () => {
    const weights = random(block * 16 * 2, 127, 3)
    for (const [index, { sums }] of measureWeights(weights, block).entries()) {
      const of = (first: number, inputs: number) => lanesOf(weights, index * block + first, inputs).map(total)
      const groups = Array.from({ length: block / GROUP }, (_, at) => of(at * GROUP, GROUP))
      const pairs = Array.from({ length: block >> 6 }, (_, at) => of(at * 2 * GROUP, 2 * GROUP))
      expect(sums).toEqual([...groups, ...pairs].flat())
    }
  })
})

it('a block of one group is never added up over two', () => {
  for (const { long } of measureWeights(new Int8Array(32 * 16), 32)) expect([...long]).toEqual([0, 0, 0, 0])
})

it('weights that are all zero allow any activations', () => {
  const [{ long, short }] = measureWeights(new Int8Array(128 * 16), 128) as [
    ReturnType<typeof measureWeights>[0],
  ]
  const most = measureActivations(new Array<number>(128).fill(127), 0)
  for (const [group, found] of most.entries()) {
    expect(found).toBeLessThan(short[group]!)
    expect(found * 2).toBeLessThan(long[group]!)
  }
})
