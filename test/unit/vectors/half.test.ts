import { expect, test } from 'vitest'
import { widenHalves } from '../../../src/vectors/half.ts'

/** IEEE 754-2019, table 3.5 and section 3.4: sign, 5 bits of exponent with bias 15, 10 bits of fraction. */
test.each([
  [0x0000, 0],
  [0x8000, -0],
  [0x3c00, 1],
  [0xc000, -2],
  [0x3555, 0.333251953125],
  [0x7bff, 65_504],
  [0x0400, 2 ** -14],
  [0x03ff, 2 ** -14 - 2 ** -24],
  [0x0001, 2 ** -24],
  [0x7c00, Infinity],
  [0xfc00, -Infinity],
  [0x7e00, NaN],
])('%i is %d', (bits, value) => {
  expect(Array.from(widenHalves(Uint16Array.of(bits)))).toEqual([value])
})
