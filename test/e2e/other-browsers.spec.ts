/** Firefox and WebKit, where they are installed: the CPU encoder gives the bits that it gives in Chromium, and onnxruntime runs. */

import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@playwright/test'
import { build, preview } from 'vite'
import type { InlineConfig, Plugin, PreviewServer } from 'vite'
import { cosine } from '../../src/vectors/similarity.ts'
import { staticFolders } from '../../tools/serve/static-folders.ts'
import { installedBrowsers, type RunningBrowser } from './installed-browsers.ts'
import type { Report, Run } from './other-browsers-page/main.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const outDir = `${repository}/.cache/other-browsers`

const waiting: ((report: Report) => void)[] = []
const nextReport = (): Promise<Report> => new Promise((resolve) => waiting.push(resolve))

const receiver: Plugin = {
  name: 'receiver',
  configurePreviewServer(server) {
    server.middlewares.use('/report', (request, response) => {
      void json(request).then((report) => {
        response.end()
        waiting.shift()?.(report as Report)
      })
    })
  },
}

const config: InlineConfig = {
  root: fileURLToPath(new URL('other-browsers-page', import.meta.url)),
  configFile: false,
  appType: 'mpa',
  logLevel: 'error',
  resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'production'] },
  worker: { format: 'es' },
  build: { outDir, emptyOutDir: true, target: 'es2023' },
  plugins: [receiver, staticFolders({ '/models': `${repository}/models` }, { copy: true })],
  preview: {
    port: 0,
    host: '127.0.0.1',
    headers: {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    },
  },
}

let server: PreviewServer
let address = ''
let inChromium: Report

test.beforeAll(async ({ browser }) => {
  test.setTimeout(300_000)
  mkdirSync(outDir, { recursive: true })
  await build(config)
  server = await preview(config)
  address = server.resolvedUrls?.local[0] ?? ''
  const page = await browser.newPage()
  const reported = nextReport()
  await page.goto(address)
  inChromium = await reported
  await page.close()
})

test.afterAll(async () => {
  await server.close()
  rmSync(outDir, { recursive: true, force: true })
})

const reference = (): Float32Array[] => {
  const file = `${repository}/test/fixtures/reference/all-MiniLM-L6-v2.fp32.json`
  const { rows } = JSON.parse(readFileSync(file, 'utf8')) as { rows: { embedding: string }[] }
  return rows.map(({ embedding }) => decoded(embedding))
}

const decoded = (embedding: string): Float32Array =>
  new Float32Array(Uint8Array.from(Buffer.from(embedding, 'base64')).buffer)

function leastCosine({ vectors }: Run): number {
  return Math.min(...reference().map((wanted, index) => cosine(decoded(vectors[index] ?? ''), wanted)))
}

function expectWorking({ error, isolated, runs, search }: Report): void {
  expect(error).toBeNull()
  expect(isolated).toBe(true)
  expect(runs.map(({ backend }) => backend?.runtime)).toEqual(['simd', 'simd', 'onnxruntime'])
  expect(Math.min(...runs.map(leastCosine))).toBeGreaterThan(0.985)
  // Alone or in a batch, by one worker or by two together: the CPU encoder's bits are the same.
  expect(new Set(runs.slice(0, 2).flatMap(({ hash, hashOfLone }) => [hash, hashOfLone])).size).toBe(1)
  expect(runs[1]?.backend?.workers).toBe(2)
  expect(search?.backend).toEqual({ name: 'wasm', reason: null })
  expect(search?.matches.map(([best]) => best?.index)).toEqual(
    [...reference(), ...reference()].map((_, row) => row % reference().length),
  )
}

test('Chromium', () => {
  expectWorking(inChromium)
  expect(inChromium.runs[0]?.backend?.build).toBe('relaxed')
  expect(inChromium.runs[1]?.hash).toBe(inChromium.runs[0]?.hash)
})

// Not in the test's own `finally`: a test that runs out of time does not come there.
let opened: RunningBrowser | null = null
test.afterEach(() => {
  opened?.end()
  opened = null
})

for (const browser of installedBrowsers()) {
  test(browser.name, async () => {
    const reported = nextReport()
    opened = await browser.open(address)
    const ended = opened.errors().then((errors) => {
      throw new Error(`${browser.name} ended: ${errors}`)
    })
    // Ended by the test itself once the report is there.
    ended.catch(() => undefined)
    const report = await Promise.race([reported, ended])
    expectWorking(report)
    const [encoder, inTwoWorkers] = report.runs
    // Firefox has relaxed SIMD, WebKit 2.50 does not: either way these are the bits.
    console.log(`${browser.name}: ${String(encoder?.backend?.build)} build, vectors ${String(encoder?.hash)}`)
    expect(encoder?.hash).toBe(inChromium.runs[0]?.hash)
    expect(inTwoWorkers?.hash).toBe(encoder?.hash)
    expect(report.search).toEqual(inChromium.search)
  })
}
