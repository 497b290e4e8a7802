import { expect, it } from 'vitest'
import { EXPECTED_HASH, selfTestHashes, testEncoder } from '../../../src/simd/self-test.ts'
import { plainModule } from './reference.ts'

it('gives the expected bits', async () => {
  expect(await selfTestHashes(await plainModule())).toEqual([EXPECTED_HASH, EXPECTED_HASH])
  await testEncoder(await plainModule())
})
