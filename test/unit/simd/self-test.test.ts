import { expect, it } from 'vitest'
import { EXPECTED_HASH, selfTestHashes, testEncoder } from '../../../src/simd/self-test.ts'
import { plainModule } from './reference.ts'

it.each([false, true])('gives the expected bits (shared memory: %s)', async (shared) => {
  expect(await selfTestHashes(await plainModule(shared))).toEqual([EXPECTED_HASH, EXPECTED_HASH])
  await testEncoder(await plainModule(shared))
})
