import { describe, expect, test } from 'vitest'
import type { EncoderExports } from '../../../src/simd/encoder-module.ts'
import { KernelChoice } from '../../../src/simd/kernel-choice.ts'
import { plainModule } from './reference.ts'

/** What the one instruction gives for two bytes, four times over, by its kind. Source: the makers' manuals. */
const INSTRUCTIONS = {
  // Pairs are added with saturation to int16, then both pairs.
  pmaddubsw: (a: number, b: number) => 2 * Math.max(-32_768, Math.min(32_767, 2 * a * b)),
  vpdpbusd: (a: number, b: number) => 4 * a * b,
  sdot: (a: number, b: number) => 4 * a * ((b << 24) >> 24),
}

/** The ways of 400 runs of 12 tokens. */
function choose(
  sumOfFour: EncoderExports['sumOfFour'],
  milliseconds: { fused: number; paired: number },
): boolean[] {
  const choice = new KernelChoice({ sumOfFour })
  return Array.from({ length: 400 }, () => {
    const { fused } = choice
    choice.record(12, fused ? milliseconds.fused : milliseconds.paired)
    return fused
  })
}

const share = (ways: readonly boolean[]): number => ways.filter((fused) => fused).length / ways.length

describe('KernelChoice', () => {
  test('takes two instructions from the first run on where the one is emulated, and one where it is one', () => {
    for (const milliseconds of [
      { fused: 3.7, paired: 2.6 },
      { fused: 2.6, paired: 3.7 },
    ]) {
      expect(share(choose(INSTRUCTIONS.pmaddubsw, milliseconds))).toBe(0)
      expect(share(choose(INSTRUCTIONS.vpdpbusd, milliseconds))).toBe(1)
    }
  })

  test('goes by time where the result does not tell', () => {
    expect(share(choose(INSTRUCTIONS.sdot, { fused: 3.7, paired: 2.6 }).slice(100))).toBeLessThan(0.1)
    expect(share(choose(INSTRUCTIONS.sdot, { fused: 2.6, paired: 3.7 }).slice(100))).toBeGreaterThan(0.9)
  })

  test('the build without such an instruction has one way', async () => {
    const memory = new WebAssembly.Memory({ initial: 1 })
    const { module } = await plainModule()
    const instance = await WebAssembly.instantiate(module, { env: { memory } })
    const exports = instance.exports as unknown as EncoderExports
    const sumOfFour = (a: number, b: number) => exports.sumOfFour(a, b)
    expect(share(choose(sumOfFour, { fused: 3.7, paired: 2.6 }))).toBe(1)
  })
})
