/** What every other browser test builds on: isolation, nested module workers, static files with the right types. */

import { describe, expect, test } from 'vitest'

interface Finding {
  isolated: boolean
  files: Record<string, string>
}

function ask(worker: Worker): Promise<Finding> {
  return new Promise((resolve, reject) => {
    worker.addEventListener('message', (event: MessageEvent<Finding>) => {
      resolve(event.data)
    })
    worker.addEventListener('error', (event) => {
      reject(new Error(`worker failed: ${event.message}`))
    })
  })
}

describe('test rig', () => {
  test('the page is cross-origin isolated', () => {
    expect(crossOriginIsolated).toBe(true)
  })

  test('a worker starts a nested worker, both named .js in source, and finds the onnxruntime files', async () => {
    const worker = new Worker(new URL('./outer-worker.js', import.meta.url), { type: 'module' })
    try {
      const finding = await ask(worker)
      expect(finding.isolated).toBe(true)
      expect(finding.files).toEqual({ wasm: 'application/wasm', mjs: 'text/javascript' })
    } finally {
      worker.terminate()
    }
  })

  test('a missing file is a 404, not a page', async () => {
    for (const url of ['/models/none.onnx', '/fixtures/none.json']) {
      const response = await fetch(url)
      expect([url, response.status]).toEqual([url, 404])
    }
  })
})
