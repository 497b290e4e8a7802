import { expect, test } from 'vitest'
import { fusedIsFaster } from '../../../src/simd/kernel-choice.ts'

/** What the one instruction gives for two bytes, four times over, by its kind. Source: the makers' manuals. */
test.each([
  // Pairs are added with saturation to int16, then both pairs.
  ['pmaddubsw', (a: number, b: number) => 2 * Math.max(-32_768, Math.min(32_767, 2 * a * b)), false],
  ['vpdpbusd', (a: number, b: number) => 4 * a * b, true],
  ['sdot', (a: number, b: number) => 4 * a * ((b << 24) >> 24), true],
])('%s is told by its result: it is one instruction, %s', (_, sumOfFour, expected) => {
  expect(fusedIsFaster({ sumOfFour })).toBe(expected)
})
