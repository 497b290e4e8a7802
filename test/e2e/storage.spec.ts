/** Storage as a person's browser has it: several tabs, pages without storage, bad answers, a browser that is killed. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, expect, test } from '@playwright/test'
import type { BrowserContext, Page } from '@playwright/test'
import { createServer } from 'vite'
import type { Plugin, ViteDevServer } from 'vite'
import type { EmbeddingsClientOptions } from '../../src/index.ts'
import { staticFolders } from '../../tools/serve/static-folders.ts'
import { chromiumArgs, chromiumCandidates } from '../../tools/test/find-chromium.mjs'
import type { LastingStore, StorageOutcome } from './storage-page/main.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const fixtures = path('../fixtures')
const { rows, texts } = JSON.parse(readFileSync(`${fixtures}/tiny/expected.json`, 'utf8')) as {
  rows: Record<string, { embedding: number[] }[]>
  texts: string[]
}

/** `tiny-mean` has a manifest with hashes; of `own-cls` nothing is known before it comes. */
const TINY = '/tiny/tiny-mean/'
const OWN = '/hub/own-cls/'
const GRAPH = 'onnx/model.onnx'

type Fault = 'none' | 'slow' | 'stalled' | 'html' | 'html-untyped' | 'ends-early' | 'older'

/** What the server does wrong at the moment, and what it was asked for. */
const site = { graph: 'none' as Fault, requests: [] as string[] }

/** Bytes of a file that takes a while to write. */
const SIZE = 100_000_000

const HTML = '<!doctype html><title>app</title>'

/** Answers a graph in the wrong way; false: it is answered as ever. */
function answerGraph(url: string, response: ServerResponse): boolean {
  const half = readFileSync(fixtures + url).subarray(0, 1000)
  if (site.graph === 'html') response.writeHead(200, { 'content-type': 'text/html' }).end(HTML)
  else if (site.graph === 'html-untyped') response.writeHead(200).end(HTML)
  else if (site.graph === 'stalled') response.writeHead(200, { 'content-length': 5000 }).write(half)
  else if (site.graph === 'older') {
    const bytes = readFileSync(fixtures + url).map((byte, at) => (at === 77 ? byte ^ 1 : byte))
    response.writeHead(200, { 'cache-control': 'max-age=3600', 'content-length': bytes.length }).end(bytes)
  } else if (site.graph === 'ends-early') {
    // Neither a length nor chunks: the end of the connection is the end of the file.
    response.useChunkedEncodingByDefault = false
    response.writeHead(200, { connection: 'close' }).end(half)
  } else return false
  return true
}

function answerModel(base: string, request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const url = base + (request.url ?? '').replace(/\?.*/, '')
  site.requests.push(url)
  if (url.endsWith(`/${GRAPH}`) && answerGraph(url, response)) return
  if (site.graph === 'slow') setTimeout(next, 300)
  else next()
}

const models: Plugin = {
  name: 'models',
  configureServer(server) {
    for (const base of ['/tiny', '/hub']) {
      server.middlewares.use(base, (request, response, next) => {
        answerModel(base, request, response, next)
      })
    }
  },
}

let server: ViteDevServer
let port = 0

test.beforeAll(async () => {
  server = await createServer({
    root: path('../..'),
    configFile: false,
    appType: 'mpa',
    logLevel: 'error',
    cacheDir: path('../../.cache/storage-vite'),
    worker: { format: 'es' },
    optimizeDeps: {
      entries: ['test/e2e/storage-page/index.html'],
      include: ['comlink', '@huggingface/tokenizers'],
      exclude: ['onnxruntime-web'],
    },
    plugins: [
      models,
      staticFolders({ '/tiny': `${fixtures}/tiny`, '/hub': `${fixtures}/hub` }, { copy: false }),
    ],
    server: { port: 0, host: '127.0.0.1', watch: null, hmr: false, allowedHosts: true },
  })
  await server.listen()
  port = (server.httpServer?.address() as { port: number }).port
})

test.afterAll(() => server.close())

test.beforeEach(() => {
  Object.assign(site, { graph: 'none', requests: [] })
})

async function open(page: Page, host = '127.0.0.1'): Promise<void> {
  await page.goto(`http://${host}:${String(port)}/test/e2e/storage-page/`)
  await expect(page).toHaveTitle('ready')
}

/** @param model folder of the model */
function embed(page: Page, model: string, options: EmbeddingsClientOptions = {}): Promise<StorageOutcome> {
  const [, base = '', id = ''] = model.split('/')
  return page.evaluate(([name, given]) => globalThis.storagePage.embed(name, given), [
    id,
    { modelsUrl: `/${base}/`, ...options },
  ] as const)
}

const cached = (page: Page): Promise<string[]> => page.evaluate(() => globalThis.storagePage.cached())

function expectRight(outcome: StorageOutcome, pooling: 'mean' | 'cls'): void {
  expect(outcome.error).toBeNull()
  const wanted = rows[pooling]?.[texts.indexOf('red')]?.embedding
  expect(outcome.vector).toHaveLength(8)
  outcome.vector?.forEach((value, at) => {
    expect(value).toBeCloseTo(wanted?.[at] ?? Number.NaN, 5)
  })
}

test.describe('several tabs', () => {
  test('five at once download every file once between them', async ({ context }) => {
    const pages = await Promise.all(Array.from({ length: 5 }, () => context.newPage()))
    for (const page of pages) await open(page)
    site.graph = 'slow'
    for (const outcome of await Promise.all(pages.map((page) => embed(page, TINY))))
      expectRight(outcome, 'mean')
    expect(site.requests.toSorted()).toEqual(
      ['manifest.json', GRAPH, 'tokenizer.json', 'tokenizer_config.json'].map((file) => TINY + file),
    )
  })

  test('a tab that is closed in the middle of a download hands it over', async ({ context }) => {
    const [first, second] = [await context.newPage(), await context.newPage()]
    await open(first)
    await open(second)
    site.graph = 'stalled'
    // Ends with its tab.
    void embed(first, TINY).catch(() => null)
    await expect.poll(() => site.requests).toContain(TINY + GRAPH)
    const waiting = embed(second, TINY)
    await expect
      .poll(() => second.evaluate(async () => (await navigator.locks.query()).pending?.length))
      .toBe(1)
    site.graph = 'none'
    await first.close()
    expectRight(await waiting, 'mean')
    expect(site.requests.filter((url) => url === TINY + GRAPH)).toHaveLength(2)
  })
})

test('a load that is given up in the middle leaves nothing of the file, and the next one works', async ({
  page,
}) => {
  await open(page)
  site.graph = 'stalled'
  const reason = await page.evaluate(() => globalThis.storagePage.giveUp('tiny-mean', { modelsUrl: '/tiny/' }))
  expect(reason).toBe('AbortError')
  expect(await cached(page)).not.toContain(TINY + GRAPH)
  site.graph = 'none'
  expectRight(await embed(page, TINY), 'mean')
})

test.describe('an answer that is not the file', () => {
  for (const [fault, model, code, words] of [
    ['html', TINY, 'model_file_not_found', 'HTML'],
    ['html-untyped', OWN, 'model_file_not_found', 'HTML'],
    ['html-untyped', TINY, 'integrity_error', 'bytes; the manifest says'],
    ['ends-early', OWN, 'bad_model_file', 'its 1000 bytes end early'],
    ['ends-early', TINY, 'integrity_error', '1000 bytes; the manifest says'],
  ] as const) {
    test(`${fault} of ${model}: ${code}, nothing of it is stored, and the next call works`, async ({
      page,
    }) => {
      await open(page)
      site.graph = fault
      const { error } = await embed(page, model)
      expect(error).toMatchObject({ code })
      expect(error?.message).toContain(words)
      expect(error?.message).toContain(model + GRAPH)
      expect(await cached(page)).not.toContain(model + GRAPH)
      site.graph = 'none'
      expectRight(await embed(page, model), model === OWN ? 'cls' : 'mean')
    })
  }
})

test('a file of an earlier version in the browser’s own cache is asked for once more, past that cache', async ({
  page,
}) => {
  await open(page)
  site.graph = 'older'
  await page.evaluate(async (url) => (await fetch(url)).arrayBuffer(), TINY + GRAPH)
  site.graph = 'none'
  expectRight(await embed(page, TINY), 'mean')
  expect(site.requests.filter((url) => url === TINY + GRAPH)).toHaveLength(2)
  expect(await cached(page)).toContain(TINY + GRAPH)
})

/** A browser of its own, with its own profile. */
function launch(profile: string, args: string[] = []): Promise<BrowserContext> {
  const executablePath = chromiumCandidates()[0]?.path
  return chromium.launchPersistentContext(profile, {
    headless: true,
    args: [...chromiumArgs, ...args],
    ...(executablePath === undefined ? {} : { executablePath }),
  })
}

test.describe('with a profile of its own', () => {
  let profile = ''
  test.beforeEach(() => {
    profile = mkdtempSync(join(tmpdir(), 'storage-profile-'))
  })
  test.afterEach(() => {
    rmSync(profile, { recursive: true, force: true, maxRetries: 20 })
  })

  test('an insecure origin has no storage, locks or Web Crypto: files are verified all the same, from memory', async () => {
    const context = await launch(profile, ['--host-resolver-rules=MAP insecure.test 127.0.0.1'])
    try {
      const page = await context.newPage()
      await open(page, 'insecure.test')
      expect(
        await page.evaluate(() => [isSecureContext, 'caches' in globalThis, 'locks' in navigator]),
      ).toEqual([false, false, false])
      for (const [model, pooling] of [
        [TINY, 'mean'],
        [OWN, 'cls'],
      ] as const) {
        const outcome = await embed(page, model)
        expectRight(outcome, pooling)
        expect(outcome.status).toMatchObject({
          storage: 'memory',
          storageReason: 'no Cache API on an insecure origin',
          persisted: null,
        })
      }
      site.graph = 'ends-early'
      expect((await embed(page, TINY)).error).toMatchObject({ code: 'integrity_error' })
    } finally {
      await context.close()
    }
  })

  test('a person who blocks all site data: the model runs from memory, and status says why', async () => {
    mkdirSync(join(profile, 'Default'))
    const blocked = { profile: { default_content_setting_values: { cookies: 2 } } }
    writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(blocked))
    const context = await launch(profile)
    try {
      const page = await context.newPage()
      await open(page)
      expect(
        await page.evaluate(() =>
          caches.open('x').then(
            () => 'open',
            (error: unknown) => (error as Error).name,
          ),
        ),
      ).toBe('SecurityError')
      const outcome = await embed(page, TINY)
      expectRight(outcome, 'mean')
      const own = await page.evaluate(() =>
        globalThis.storagePage.embedWithOwnStore('tiny-mean', { modelsUrl: '/tiny/' }),
      )
      expectRight(own, 'mean')
      expect(own.status).toMatchObject({ storage: 'page', storageReason: null })
      expect(outcome.status?.storage).toBe('memory')
      expect(outcome.status?.storageReason).toMatch(
        /^the browser denies the Cache API: .+; and the origin-private/,
      )
    } finally {
      await context.close()
    }
  })

  for (const store of ['cache', 'opfs'] satisfies LastingStore[]) {
    test(`a browser that is killed while it writes leaves nothing that counts: ${store}`, async () => {
      for (const delay of [0, 20, 60]) {
        const url = `https://app.example/${String(delay)}.onnx`
        const context = await launch(profile)
        const page = await context.newPage()
        await open(page)
        void page
          .evaluate(([kind, address, bytes]) => globalThis.storagePage.put(kind, address, bytes), [
            store,
            url,
            SIZE,
          ] as const)
          .catch(() => null)
        if (store === 'opfs') {
          // From here on there is a file without a marker.
          await expect
            .poll(() => page.evaluate(() => globalThis.storagePage.writing()), { intervals: [1] })
            .toBe(true)
        }
        await page.waitForTimeout(delay)
        await kill(context)
        const again = await launch(profile)
        try {
          const next = await again.newPage()
          await open(next)
          const look = () =>
            next.evaluate(([kind, address]) => globalThis.storagePage.look(kind, address), [
              store,
              url,
            ] as const)
          // Whole when the write was quicker than the kill; otherwise as if nothing had been.
          expect([
            { file: null, listed: false },
            { file: SIZE, listed: true },
          ]).toContainEqual(await look())
          await next.evaluate(([kind, address]) => globalThis.storagePage.put(kind, address, 7), [
            store,
            url,
          ] as const)
          expect(await look()).toEqual({ file: 7, listed: true })
          await next.evaluate(([kind, address]) => globalThis.storagePage.remove(kind, address), [
            store,
            url,
          ] as const)
        } finally {
          await again.close()
        }
      }
    })
  }
})

/** Ends a browser without a word to it. */
async function kill(context: BrowserContext): Promise<void> {
  const session = await context.browser()?.newBrowserCDPSession()
  const { processInfo = [] } = (await session?.send('SystemInfo.getProcessInfo')) ?? {}
  const gone = new Promise((resolve) => context.once('close', resolve))
  // The browser's own process first: what the others still want to write has nobody to do it.
  for (const { id } of processInfo.toSorted((a) => (a.type === 'browser' ? -1 : 1))) {
    try {
      process.kill(id, 'SIGKILL')
    } catch (error) {
      // Gone with the first.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  await gone
}
