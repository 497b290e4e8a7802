import { expect, test } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { ONNXRUNTIME_VERSION } from '../../../src/engine/runtime-files.ts'

test('verdicts on GPUs name the onnxruntime that is installed: another one is tried anew', () => {
  expect(ONNXRUNTIME_VERSION).toBe(manifest.dependencies['onnxruntime-web'])
})
