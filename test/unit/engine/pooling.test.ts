import { describe, expect, test } from 'vitest'
import { poolHiddenStates } from '../../../src/engine/pooling.ts'

/** Two texts of 3 and 1 tokens, padded to 3; padding is 1000, so that it shows where it leaks. */
const HIDDEN = Float32Array.of(1, 2, 3, 4, 5, 9, /* second text */ 7, 8, 1000, 1000, 1000, 1000)
const LENGTHS = Int32Array.of(3, 1)

describe('poolHiddenStates', () => {
  test.each([
    ['mean', [3, 5, 7, 8]],
    ['cls', [1, 2, 7, 8]],
    ['last', [5, 9, 7, 8]],
  ] as const)('%s takes no padding', (pooling, expected) => {
    expect(Array.from(poolHiddenStates(HIDDEN, LENGTHS, 3, 2, pooling))).toEqual(expected)
  })
})
