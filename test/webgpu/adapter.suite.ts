/** Without an adapter every other test of this project would test the fallback instead. */

import { expect, test } from 'vitest'

test('an adapter is there', async () => {
  expect(await navigator.gpu.requestAdapter()).not.toBeNull()
})
