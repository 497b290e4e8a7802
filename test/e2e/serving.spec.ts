/** How the built demo is served: isolated, with the right types, and no page in place of a missing file. */

import { readdirSync } from 'node:fs'
import { sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@playwright/test'

const built = fileURLToPath(new URL('../../dist-demo', import.meta.url))

test('the page is cross-origin isolated', async ({ page }) => {
  const response = await page.goto('/')
  expect(response?.headers()).toMatchObject({
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'cross-origin-resource-policy': 'same-origin',
  })
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
})

test('the model is served as it is', async ({ request }) => {
  const config = await request.get('/models/all-MiniLM-L6-v2/config.json')
  expect(config.status()).toBe(200)
  expect(config.headers()['content-type']).toMatch(/^application\/json/)
  expect(await config.json()).toMatchObject({ model_type: 'bert' })
})

test('binary files have the types that browsers ask for', async ({ request }) => {
  const types = { '.wasm': 'application/wasm', '.mjs': 'text/javascript', '.onnx': 'application/octet-stream' }
  const files = readdirSync(built, { recursive: true, encoding: 'utf8' }).map((path) =>
    path.split(sep).join('/'),
  )
  for (const [extension, type] of Object.entries(types)) {
    const found = files.filter((path) => path.endsWith(extension))
    expect([extension, found.length > 0]).toEqual([extension, true])
    for (const path of found) {
      const response = await request.head(`/${path}`)
      const contentType = response.headers()['content-type']?.split(';', 1)[0]
      expect([path, response.status(), contentType]).toEqual([path, 200, type])
    }
  }
})

test('a missing file is a 404, not a page', async ({ request }) => {
  for (const url of ['/models/none.onnx', '/none.wasm', '/none/none.json']) {
    const response = await request.get(url)
    expect([url, response.status()]).toEqual([url, 404])
  }
})
