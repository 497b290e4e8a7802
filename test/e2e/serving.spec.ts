/** How the built demo is served: isolated, with the right types, and no page in place of a missing file. */

import { expect, test } from '@playwright/test'

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

test('a missing file is a 404, not a page', async ({ request }) => {
  for (const url of ['/models/none.onnx', '/none.wasm', '/none/none.json']) {
    const response = await request.get(url)
    expect([url, response.status()]).toEqual([url, 404])
  }
})
