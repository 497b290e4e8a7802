/**
 * Faults that only a server can make: policies on the worker's script, answers that are cut, counted requests. And what
 * needs a page that has run nothing else.
 */

import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { chromium, expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import { createServer } from 'vite'
import type { Plugin, ViteDevServer } from 'vite'
import { chromiumArgs, chromiumCandidates } from '../../tools/test/find-chromium.mjs'
import { staticFolders } from '../../tools/serve/static-folders.ts'
import type { EmbeddingsClientOptions } from '../../src/index.ts'
import type { Outcome } from './faults-page/main.ts'
import { livePromises } from './live-promises.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const tiny = fileURLToPath(new URL('../fixtures/tiny', import.meta.url))
const expected = (
  JSON.parse(readFileSync(`${tiny}/expected.json`, 'utf8')) as { rows: { mean: { embedding: number[] }[] } }
).rows.mean[0]?.embedding

/** What the server does wrong at the moment. */
const faults = {
  isolated: true,
  /** Sent with the inference worker's script, whose policy it is. */
  policy: null as string | null,
  models: 'none' as 'none' | 'cut' | 'html' | 'down' | 'slow',
  requests: [] as string[],
}

function answerModel(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const path = (request.url ?? '').replace(/\?.*/, '')
  faults.requests.push(path)
  if (faults.models === 'html') {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>app</title>')
  } else if (faults.models === 'down') request.socket.destroy()
  else if (faults.models === 'slow') setTimeout(next, 300)
  else if (faults.models === 'cut' && path.endsWith('.onnx')) {
    const bytes = readFileSync(tiny + path)
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, 500), () => {
      setTimeout(() => request.socket.destroy(), 50)
    })
  } else next()
}

const faulty: Plugin = {
  name: 'faulty',
  configureServer(server) {
    server.middlewares.use((request, response, next) => {
      if (faults.isolated) {
        response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
        response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
      }
      if (faults.policy !== null && request.url?.includes('inference-entry') === true) {
        response.setHeader('Content-Security-Policy', faults.policy)
      }
      next()
    })
    server.middlewares.use('/tiny', answerModel)
    // As after half an update: the glue of one build with the module of another.
    server.middlewares.use('/skewed', (request, response) => {
      const isGlue = request.url?.endsWith('.mjs') === true
      const file = isGlue ? 'ort-wasm-simd-threaded.mjs' : 'ort-wasm-simd-threaded.jspi.wasm'
      response.setHeader('content-type', isGlue ? 'text/javascript' : 'application/wasm')
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
      response.end(readFileSync(`${repository}/node_modules/onnxruntime-web/dist/${file}`))
    })
  },
}

let server: ViteDevServer
let address = ''

test.beforeAll(async () => {
  server = await createServer({
    root: repository,
    configFile: false,
    appType: 'mpa',
    logLevel: 'error',
    cacheDir: `${repository}/.cache/faults-vite`,
    worker: { format: 'es' },
    optimizeDeps: {
      entries: ['test/e2e/faults-page/index.html'],
      include: ['comlink', '@huggingface/tokenizers'],
      exclude: ['onnxruntime-web'],
    },
    plugins: [faulty, staticFolders({ '/tiny': tiny }, { copy: false })],
    server: { port: 0, host: '127.0.0.1', watch: null, hmr: false },
  })
  await server.listen()
  const { port } = server.httpServer?.address() as { port: number }
  address = `http://127.0.0.1:${String(port)}/test/e2e/faults-page/`
})

test.afterAll(() => server.close())

test.beforeEach(async ({ page }) => {
  Object.assign(faults, { isolated: true, policy: null, models: 'none', requests: [] })
  await open(page)
})

async function open(page: Page): Promise<void> {
  // An address of its own: a page that is answered 304 keeps its old headers.
  await page.goto(`${address}?${String(Math.random())}`)
  await expect(page).toHaveTitle('ready')
}

const embed = (page: Page, model: string, options: EmbeddingsClientOptions = {}): Promise<Outcome> =>
  page.evaluate(([id, given]) => globalThis.embed(id, given), [
    model,
    { modelsUrl: '/tiny/', ...options },
  ] as const)

function expectRight(outcome: Outcome): void {
  expect(outcome.error).toBeNull()
  outcome.vector?.forEach((value, index) => {
    expect(value).toBeCloseTo(expected?.[index] ?? Number.NaN, 5)
  })
  expect(outcome.vector).toHaveLength(8)
}

test('a policy without wasm-unsafe-eval: csp_blocked, saying what to add', async ({ page }) => {
  faults.policy = "script-src 'self'"
  const { error } = await embed(page, 'tiny-mean')
  expect(error).toMatchObject({ code: 'csp_blocked', status: 500 })
  expect(error?.message).toContain("add 'wasm-unsafe-eval' to script-src")
})

test('a policy with wasm-unsafe-eval is enough', async ({ page }) => {
  faults.policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"
  expectRight(await embed(page, 'tiny-mean'))
})

test('a page that is not isolated: one thread, right vectors', async ({ page }) => {
  faults.isolated = false
  await open(page)
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false)
  const outcome = await embed(page, 'tiny-mean', { threads: 2 })
  expectRight(outcome)
  expect(outcome.status?.backend).toMatchObject({ device: 'wasm', threads: 1 })
})

test('a connection that breaks off stores nothing, and the next call works', async ({ page }) => {
  faults.models = 'cut'
  const { error } = await embed(page, 'tiny-mean')
  expect(error).toMatchObject({ code: 'model_unreachable', status: 503 })
  expect(error?.message).toMatch(/broke off after \d+ bytes of .*onnx\/model\.onnx/)
  faults.models = 'none'
  expectRight(await embed(page, 'tiny-mean'))
})

test('a server that answers everything with its page: the model is not found, and nothing of it is kept', async ({
  page,
}) => {
  faults.models = 'html'
  expect((await embed(page, 'tiny-mean')).error).toMatchObject({ code: 'model_not_found', status: 404 })
  faults.models = 'none'
  expectRight(await embed(page, 'tiny-mean'))
})

test('stored once, a model needs no server: no request of any kind, in a new page too', async ({ page }) => {
  expectRight(await embed(page, 'tiny-mean'))
  const first = faults.requests.splice(0)
  expect(first).toContain('/tiny-mean/onnx/model.onnx')
  expect(new Set(first).size).toBe(first.length)
  faults.models = 'down'
  await open(page)
  const again = await embed(page, 'tiny-mean')
  expectRight(again)
  expect(again.status?.source).toBe('store')
  expect(faults.requests).toEqual([])
})

test('two tabs at once download every file once between them', async ({ page, context }) => {
  const other = await context.newPage()
  await open(other)
  faults.requests.length = 0
  faults.models = 'slow'
  for (const outcome of await Promise.all([embed(page, 'tiny-mean'), embed(other, 'tiny-mean')])) {
    expectRight(outcome)
  }
  expect(faults.requests.toSorted()).toEqual(
    ['manifest.json', 'onnx/model.onnx', 'tokenizer.json', 'tokenizer_config.json'].map(
      (file) => `/tiny-mean/${file}`,
    ),
  )
})

test('no server and nothing stored: model_unreachable, naming the address', async ({ page }) => {
  faults.models = 'down'
  const { error } = await embed(page, 'tiny-mean')
  expect(error).toMatchObject({ code: 'model_unreachable', status: 503 })
  expect(error?.message).toContain('/tiny/tiny-mean/manifest.json')
})

test('onnxruntime’s glue and module of two builds: the error says so, and nothing hangs', async ({ page }) => {
  const skewed = { cpuRuntime: 'onnxruntime', runtimeUrl: '/skewed/' } as const
  const { error } = await embed(page, 'tiny-mean', skewed)
  expect(error).toMatchObject({ code: 'inference_failed', status: 500 })
  expect(error?.message).toMatch(
    /^The onnxruntime files are not of one version \(see the option runtimeUrl\): /,
  )
  expectRight(await embed(page, 'tiny-mean', { cpuRuntime: 'onnxruntime' }))
})

test('a page that was left, kept by the browser and gone back to goes on with the client that it had', async () => {
  const executablePath = chromiumCandidates()[0]?.path
  const browser = await chromium.launch({
    args: chromiumArgs,
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    ...(executablePath === undefined ? {} : { executablePath }),
  })
  try {
    const page = await browser.newPage()
    await open(page)
    const before = await page.evaluate(() => globalThis.embedAgain('tiny-mean', '/tiny/'))
    expect(before).not.toBeNull()
    await page.evaluate(() => {
      void globalThis.embedAgain('tiny-mean', '/tiny/')
    })
    await page.goto(`${address}?elsewhere`)
    await page.goBack({ waitUntil: 'commit' })
    await expect(page).toHaveTitle('ready')
    expect(await page.evaluate(() => globalThis.returns)).toBe(1)
    // Asked before the page was left.
    expect(await page.evaluate(() => globalThis.lastAnswer)).toEqual(before)
    expect(await page.evaluate(() => globalThis.embedAgain('tiny-mean', '/tiny/'))).toEqual(before)
  } finally {
    await browser.close()
  }
})

test('a hundred requests leave no promise behind in the page', async ({ page }) => {
  const REQUESTS = 100
  /** Promises that come and go with whatever else runs in the page. */
  const OTHERS = 30
  const request = (count: number): Promise<void> =>
    page.evaluate(async (times) => {
      for (let made = 0; made < times; made++) await globalThis.embedAgain('tiny-mean', '/tiny/')
    }, count)
  await request(20)
  const before = await livePromises(page)
  // One that is kept is counted.
  await page.evaluate((count) => {
    const kept = Array.from({ length: count }, () => new Promise(() => undefined))
    Object.assign(globalThis, { kept })
  }, REQUESTS)
  expect(await livePromises(page)).toBeGreaterThanOrEqual(before + REQUESTS - OTHERS)
  await page.evaluate(() => Object.assign(globalThis, { kept: null }) && undefined)
  await request(REQUESTS)
  expect(await livePromises(page)).toBeLessThan(before + OTHERS)
})
