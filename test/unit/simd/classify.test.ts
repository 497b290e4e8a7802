/** Blocks of weights whose products are added in int16: exact for all activations of 0…127, and no block more. */

import { describe, expect, it } from 'vitest'
import type { EncoderExports } from '../../../src/simd/encoder-module.ts'
import { plainModule } from './reference.ts'

const [WIDE, CENTERED, SHORT] = [0, 1, 2]
const BLOCK = 64
/** Addresses behind the module's own constants. */
const [PANELS, CENTERS, WAYS] = [65_536, 131_072, 196_608]

/** Ways and centers of blocks of 16 columns, from their weights in the order of the panels. */
async function classify(weights: Int8Array): Promise<{ ways: Uint8Array; centers: Int16Array }> {
  const memory = new WebAssembly.Memory({ initial: 4 })
  const { exports } = await WebAssembly.instantiate((await plainModule()).module, { env: { memory } })
  const encoder = exports as unknown as EncoderExports
  new Int8Array(memory.buffer, PANELS, weights.length).set(weights)
  const blocks = weights.length / (BLOCK * 16)
  encoder.classifyBlocks(PANELS, CENTERS, WAYS, blocks, BLOCK)
  return {
    ways: new Uint8Array(memory.buffer, WAYS, blocks),
    centers: new Int16Array(memory.buffer, CENTERS, weights.length / 8),
  }
}

/**
 * The 8 weights of each int16 lane: panels are [inputs / 4][16][4], a lane takes two neighbours of 4 inputs in 4 steps.
 * In the order of the centers.
 */
function lanesOf(weights: Int8Array): number[][] {
  return Array.from({ length: weights.length / 8 }, (_, at) => {
    const group = Math.floor(at / 32)
    return [0, 1, 2, 3].flatMap((step) => {
      const first = group * 256 + step * 64 + (at % 32) * 2
      return [weights[first]!, weights[first + 1]!]
    })
  })
}

/** The least and the largest sum of products of one lane. */
function reach(lane: readonly number[], least: number, most: number): { least: number; most: number } {
  const sum = (pick: (a: number, b: number) => number) =>
    lane.reduce((total, weight) => total + pick(weight * least, weight * most), 0)
  return { least: sum(Math.min), most: sum(Math.max) }
}

const isInt16 = ({ least, most }: { least: number; most: number }) => least >= -32_768 && most <= 32_767

function random(magnitude: number, seed: number): Int8Array {
  let state = seed
  return Int8Array.from({ length: BLOCK * 16 * 8 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.round((state / 2 ** 32 - 0.5) * 2 * magnitude)
  })
}

describe('the way of a block', () => {
  it.each([30, 40, 50, 60, 70, 100, 127])('is exact for weights up to ±%d', async (magnitude) => {
    for (let seed = 1; seed <= 3; seed++) {
      const weights = random(magnitude, seed)
      const { ways, centers } = await classify(weights)
      const lanes = lanesOf(weights)
      for (const [block, way] of ways.entries()) {
        const part = lanes.slice(block * BLOCK * 2, (block + 1) * BLOCK * 2)
        expect(way === SHORT).toBe(part.every((lane) => isInt16(reach(lane, 0, 127))))
        if (way !== CENTERED) continue
        expect(part.every((lane) => isInt16(reach(lane, -64, 63)))).toBe(true)
        const expected = part.map((lane) => -64 * lane.reduce((sum, weight) => sum + weight, 0))
        expect(centers.slice(block * BLOCK * 2, (block + 1) * BLOCK * 2)).toEqual(Int16Array.from(expected))
      }
    }
  })

  it.each([
    [32, SHORT],
    [-32, SHORT],
    [33, CENTERED],
    [-33, CENTERED],
    [63, CENTERED],
    [-63, CENTERED],
    [64, WIDE],
    [-64, WIDE],
    [127, WIDE],
    [-128, WIDE],
  ])('of weights that are all %d is %d', async (weight, way) => {
    expect((await classify(new Int8Array(BLOCK * 16).fill(weight))).ways[0]).toBe(way)
  })

  it('is that of its worst lane, wherever it lies', async () => {
    for (let lane = 0; lane < BLOCK * 2; lane++) {
      const weights = new Int8Array(BLOCK * 16 * 2)
      const at = Math.floor(lane / 32) * 256 + (lane % 32) * 2
      for (let step = 0; step < 4; step++) weights.fill(-128, at + step * 64, at + step * 64 + 2)
      expect([...(await classify(weights)).ways]).toEqual([WIDE, SHORT])
    }
  })
})
