/** Models by their hub ids, from a server that the browser takes for the Hugging Face hub. */

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium, expect, test } from '@playwright/test'
import type { Browser, BrowserContext, Page } from '@playwright/test'
import { createServer } from 'vite'
import type { ViteDevServer } from 'vite'
import type { EmbeddingCreateParams, EmbeddingsClientOptions } from '../../src/index.ts'
import { chromiumArgs, chromiumCandidates, webgpuArgs } from '../../tools/test/find-chromium.mjs'
import { filesUnder } from '../hub-server/hub-repository.ts'
import { HubServer } from '../hub-server/hub-server.ts'
import type { HubOutcome } from './hub-page/main.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const shared = fileURLToPath(new URL('../../../shared/models/Xenova', import.meta.url))
const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url))

interface ReferenceFile {
  prefix: string
  rows: { embedding: string }[]
}
const texts = JSON.parse(readFileSync(`${fixtures}/reference/texts.json`, 'utf8')) as string[]
/** Texts as the reference had them, with its prefix, and its vectors. */
function reference(name: string): { input: string[]; vectors: number[][] } {
  const file = JSON.parse(readFileSync(`${fixtures}/reference/${name}.json`, 'utf8')) as ReferenceFile
  const vectors = file.rows.map(({ embedding }) => {
    const bytes = Uint8Array.from(Buffer.from(embedding, 'base64'))
    return [...new Float32Array(bytes.buffer)]
  })
  return { input: texts.map((text) => file.prefix + text), vectors }
}
const tiny = JSON.parse(readFileSync(`${fixtures}/tiny/expected.json`, 'utf8')) as {
  texts: string[]
  rows: { cls: { embedding: number[] }[] }
}

/** What the page's own server has under `/folder/`. */
const folder = new Map<string, Buffer>()
let hub: HubServer
let server: ViteDevServer
let browser: Browser
let address = ''
let context: BrowserContext
let page: Page

test.beforeAll(async () => {
  hub = await HubServer.start()
  server = await createServer({
    root: repository,
    configFile: false,
    appType: 'mpa',
    logLevel: 'error',
    cacheDir: `${repository}/.cache/hub-vite`,
    worker: { format: 'es' },
    optimizeDeps: {
      entries: ['test/e2e/hub-page/index.html'],
      include: ['comlink', '@huggingface/tokenizers'],
      exclude: ['onnxruntime-web'],
    },
    plugins: [
      {
        name: 'isolated',
        configureServer(dev) {
          dev.middlewares.use((_request, response, next) => {
            response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
            response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
            next()
          })
          dev.middlewares.use('/folder/', (request, response) => {
            const body = folder.get(request.url?.slice(1) ?? '')
            // A manifest that the browser keeps for an hour is found to have changed past its cache.
            const cache = request.url === '/tiny-cls/manifest.json' ? 'max-age=3600' : 'no-store'
            response.writeHead(body === undefined ? 404 : 200, { 'cache-control': cache }).end(body)
          })
        },
      },
    ],
    server: { port: 0, host: '127.0.0.1', watch: null, hmr: false },
  })
  await server.listen()
  const { port } = server.httpServer?.address() as { port: number }
  address = `http://127.0.0.1:${String(port)}/test/e2e/hub-page/`
  const executablePath = chromiumCandidates()[0]?.path
  browser = await chromium.launch({
    args: [...chromiumArgs, ...webgpuArgs, ...hub.chromiumArgs],
    ...(executablePath === undefined ? {} : { executablePath }),
  })
})

test.afterAll(async () => {
  await browser.close()
  await server.close()
  await hub.close()
})

test.beforeEach(async () => {
  hub.requests = []
  hub.faults = { listing: 'none', cdn: 'none' }
  // Each test in a profile of its own: nothing is stored.
  context = await browser.newContext()
  page = await context.newPage()
  await page.goto(address)
  await expect(page).toHaveTitle('ready')
})

test.afterEach(() => context.close())

const embed = (body: EmbeddingCreateParams, options: EmbeddingsClientOptions = {}): Promise<HubOutcome> =>
  page.evaluate(([given, how]) => globalThis.embedFromHub(given, how), [body, options] as const)

/** Least and mean cosine of unit vectors. */
function agreement(ours: number[][], theirs: number[][]): { mean: number; minimum: number } {
  expect(ours).toHaveLength(theirs.length)
  const cosines = ours.map((row, at) =>
    row.reduce((sum, value, index) => sum + value * (theirs[at]?.[index] ?? 0), 0),
  )
  return {
    mean: cosines.reduce((sum, value) => sum + value, 0) / cosines.length,
    minimum: Math.min(...cosines),
  }
}

const tinyFiles = (): Map<string, Buffer> => filesUnder(`${fixtures}/hub/own-cls`)
const POOLING = [
  'modules.json',
  '1_Pooling/config.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
]
/** The same model as the hub's ONNX builds have it, without the files of sentence-transformers. */
const withoutPooling = (): Map<string, Buffer> =>
  new Map([...tinyFiles()].filter(([path]) => !POOLING.includes(path)))
const TINY: EmbeddingCreateParams = { model: 'org/own-cls', input: tiny.texts, truncate: true }

function expectTiny({ error, vectors }: HubOutcome): void {
  expect(error).toBeNull()
  expect(
    agreement(
      vectors,
      tiny.rows.cls.map(({ embedding }) => embedding),
    ).minimum,
  ).toBeGreaterThan(0.99999)
}

/** Of the 40: some of the others are as long as a model allows. */
const TEXTS = 24

test.describe('the real models', () => {
  test.skip(!existsSync(shared), 'left out, as ../shared/models is not here')

  // The catalogue's ids, repositories and pinned commits; references by native onnxruntime: MiniLM unquantised,
  // the others the same file, whose integer kernels differ in rounding.
  const models = [
    {
      ids: ['all-MiniLM-L6-v2', 'sentence-transformers/all-MiniLM-L6-v2'],
      path: 'Xenova/all-MiniLM-L6-v2',
      commit: '751bff37182d3f1213fa05d7196b954e230abad9',
      reference: 'all-MiniLM-L6-v2.fp32',
      least: { mean: 0.992, minimum: 0.98 },
    },
    {
      ids: ['BAAI/bge-small-en-v1.5'],
      path: 'Xenova/bge-small-en-v1.5',
      commit: 'ea104dacec62c0de699686887e3f920caeb4f3e3',
      reference: 'bge-small-en-v1.5.q8',
      least: { mean: 0.995, minimum: 0.985 },
    },
    {
      ids: ['Xenova/e5-small-v2'],
      path: 'Xenova/e5-small-v2',
      commit: '02af79985278377e65c724a76275707cb0333c70',
      reference: 'e5-small-v2.q8',
      least: { mean: 0.995, minimum: 0.985 },
    },
  ]

  for (const { ids, path, commit, reference: name, least } of models) {
    for (const model of ids) {
      test(`${model}: right vectors, at the commit that was looked up, and again without the server`, async () => {
        hub.publish(path, filesUnder(`${shared}/${path.split('/')[1] ?? ''}`), { commit })
        const { input, vectors } = reference(name)
        const body = { model, input: input.slice(0, TEXTS), truncate: true }
        const first = await embed(body)
        expect(first.error).toBeNull()
        const { mean, minimum } = agreement(first.vectors, vectors.slice(0, TEXTS))
        console.log(`${model}: cosine to ${name} mean ${String(mean)}, minimum ${String(minimum)}`)
        expect(mean).toBeGreaterThanOrEqual(least.mean)
        expect(minimum).toBeGreaterThanOrEqual(least.minimum)
        expect(first.status).toMatchObject({ source: 'network', storage: 'cache', backend: { dtype: 'q8' } })
        expect(first.fingerprint).toContain(`${path}@${commit.slice(0, 12)}:q8.2:`)
        expect(hub.requests).toContain(`GET huggingface.co/api/models/${path}/revision/${commit}?blobs=true`)
        expect(
          hub.requests.filter((request) => request.includes('/resolve/') && !request.includes(commit)),
        ).toEqual([])

        hub.requests = []
        const again = await embed(body)
        expect(again.error).toBeNull()
        expect(again.vectors).toEqual(first.vectors)
        expect(again.status?.source).toBe('store')
        expect(hub.requests).toEqual([])
      })
    }
  }

  test('a hub that lists another hash than the catalogue has is refused before anything is fetched', async () => {
    const files = filesUnder(`${shared}/e5-small-v2`)
    files.set('onnx/model_quantized.onnx', tinyFiles().get('onnx/model.onnx') ?? Buffer.alloc(0))
    hub.publish('Xenova/e5-small-v2', files, { commit: '02af79985278377e65c724a76275707cb0333c70' })
    const { error } = await embed({ model: 'e5-small-v2', input: 'text' })
    expect(error).toMatchObject({ code: 'integrity_error', status: 502 })
    expect(error?.message).toContain('the catalogue says 7d9092cb25f2bd1c')
    expect(hub.requests.filter((request) => request.includes('/resolve/'))).toEqual([])
  })
})

test('a model of the hub by its own files: every file once, at one commit, verified', async () => {
  const commit = hub.publish('org/own-cls', tinyFiles())
  const outcome = await embed(TINY)
  expectTiny(outcome)
  expect(outcome.status?.backend).toMatchObject({ file: 'onnx/model.onnx', dtype: 'fp32', maxTokens: 16 })
  expect(outcome.fingerprint).toContain(`org/own-cls@${commit.slice(0, 12)}:fp32:cls:`)
  const resolved = hub.requests.filter((request) => request.includes('/resolve/'))
  expect(new Set(resolved).size).toBe(resolved.length)
  for (const request of resolved) expect(request).toContain(`/org/own-cls/resolve/${commit}/`)
  // Nothing that the list does not have was asked for.
  expect(resolved).toHaveLength(tinyFiles().size)
})

test('it stays at its commit while it is stored, without a request, and moves on when it is deleted', async () => {
  const old = hub.publish('org/own-cls', tinyFiles())
  const first = await embed(TINY)
  const changed = tinyFiles().set('README.md', Buffer.from('a newer commit'))
  const fresh = hub.publish('org/own-cls', changed)
  hub.requests = []
  const second = await embed(TINY)
  expect([second.fingerprint, second.vectors, hub.requests]).toEqual([first.fingerprint, first.vectors, []])

  await page.evaluate(() => globalThis.deleteFromHub('org/own-cls'))
  expect(await page.evaluate(() => globalThis.storedUrls())).toEqual([])
  const third = await embed(TINY)
  expectTiny(third)
  expect(third.fingerprint).toContain(fresh.slice(0, 12))
  expect(fresh).not.toBe(old)
})

test('a commit that is gone from the hub: its list is fetched anew', async () => {
  const old = hub.publish('org/own-cls', tinyFiles())
  await embed(TINY)
  // The stored graph is lost, and the hub has it no more.
  await page.evaluate(async () => {
    const cache = await caches.open('browser-embeddings-v1')
    for (const { url } of await cache.keys()) if (url.endsWith('.onnx')) await cache.delete(url)
  })
  const fresh = hub.publish('org/own-cls', tinyFiles().set('README.md', Buffer.from('rewritten')))
  hub.forget('org/own-cls', old)
  const outcome = await embed(TINY)
  expectTiny(outcome)
  expect(outcome.fingerprint).toContain(fresh.slice(0, 12))
  expect(outcome.status?.storageReason).toContain('outdated: fetched anew')
  expect(outcome.status?.attempts.some(({ reason }) => reason.includes('outdated'))).toBe(false)
})

test('an ONNX build without pooling takes it from the model that it was made from', async () => {
  hub.publish('org/own-cls-ONNX', withoutPooling(), {
    tags: ['transformers.js', 'base_model:org/own-cls', 'base_model:quantized:org/own-cls'],
  })
  hub.publish('org/own-cls', tinyFiles())
  const body = { ...TINY, model: 'org/own-cls-ONNX' }
  const first = await embed(body)
  expectTiny(first)
  const prompted = await embed({ model: 'org/own-cls-ONNX', input: 'green', input_type: 'query' })
  expect(prompted.vectors).toEqual((await embed({ model: 'org/own-cls-ONNX', input: 'red green' })).vectors)
  // The weights of the other one are its own affair.
  expect(
    hub.requests.filter((request) => request.includes('/org/own-cls/resolve/') && request.includes('onnx')),
  ).toEqual([])
  hub.requests = []
  expect((await embed(body)).vectors).toEqual(first.vectors)
  expect(hub.requests).toEqual([])
  await page.evaluate(() => globalThis.deleteFromHub('org/own-cls-ONNX'))
  expect(await page.evaluate(() => globalThis.storedUrls())).toEqual([])
})

test('what an ONNX build takes from another model stays with that one when the build is deleted', async () => {
  hub.publish('org/own-cls-ONNX', withoutPooling(), { tags: ['base_model:quantized:org/own-cls'] })
  hub.publish('org/own-cls', tinyFiles())
  expectTiny(await embed({ ...TINY, model: 'org/own-cls-ONNX' }))
  expectTiny(await embed(TINY))
  await page.evaluate(() => globalThis.deleteFromHub('org/own-cls-ONNX'))
  const left = await page.evaluate(() => globalThis.storedUrls())
  expect(left.filter((url) => url.includes('own-cls-ONNX'))).toEqual([])
  hub.requests = []
  expectTiny(await embed(TINY))
  expect(hub.requests).toEqual([])
})

test('without one, or where it is not public, the error says what to pass', async () => {
  hub.publish('org/alone', withoutPooling())
  hub.publish('org/of-gated', withoutPooling(), { tags: ['base_model:quantized:org/gated'] })
  hub.publish('org/gated', tinyFiles(), { gated: 'manual' })
  for (const model of ['org/alone', 'org/of-gated']) {
    const { error } = await embed({ model, input: 'red' })
    expect(error, model).toMatchObject({ code: 'bad_model_file', status: 502 })
    expect(error?.message).toContain(`models: [{ format: 1, id: '${model}', recipe: { pooling:`)
  }
})

test('what is not on the hub, or not for everybody, is a 404 that says which', async () => {
  hub.publish('org/gated', tinyFiles(), { gated: 'auto' })
  const gated = await embed({ model: 'org/gated', input: 'red' })
  expect(gated.error).toMatchObject({ code: 'model_not_found', status: 404 })
  expect(gated.error?.message).toContain('accounts that accepted its conditions')
  const missing = await embed({ model: 'org/nothing', input: 'red' })
  expect(missing.error).toMatchObject({ code: 'model_not_found', status: 404 })
  expect(missing.error?.message).toContain('The model "org/nothing" is not on the hub')
  hub.requests = []
  expect((await embed({ model: 'gpt-4', input: 'red' })).error).toMatchObject({
    code: 'model_not_found',
    status: 404,
  })
  expect(hub.requests).toEqual([])
})

test('wrong bytes from the CDN are refused by their hash and not stored', async () => {
  hub.publish('org/own-cls', tinyFiles())
  hub.faults.cdn = 'wrong'
  const { error } = await embed(TINY)
  expect(error).toMatchObject({ code: 'integrity_error', status: 502 })
  expect(error?.message).toContain('onnx/model.onnx has SHA-256')
  expect((await page.evaluate(() => globalThis.storedUrls())).filter((url) => url.endsWith('.onnx'))).toEqual(
    [],
  )
  hub.faults.cdn = 'none'
  expectTiny(await embed(TINY))
})

test('a wrong small file is refused by its git hash', async () => {
  const files = tinyFiles()
  const commit = hub.publish('org/own-cls', files)
  const tokenizer = files.get('tokenizer.json')
  tokenizer?.write(' ', tokenizer.length - 1)
  const { error } = await embed(TINY)
  expect(error).toMatchObject({ code: 'integrity_error', status: 502 })
  expect(error?.message).toContain(`/resolve/${commit}/tokenizer.json`)
})

test('a CDN that breaks off is asked for the rest, without leave to ask', async () => {
  hub.publish('org/own-cls', tinyFiles())
  hub.faults.cdn = 'cut'
  expectTiny(await embed(TINY))
  expect(hub.requests.filter((request) => /us\.aws\.cdn\.hf\.co.* bytes=\d+-$/.test(request))).toHaveLength(1)
  expect(hub.requests.filter((request) => !request.startsWith('GET '))).toEqual([])
})

test('a slow CDN is waited for', async () => {
  hub.publish('org/own-cls', tinyFiles())
  hub.faults.cdn = 'slow'
  expectTiny(await embed(TINY))
})

for (const listing of ['down', 'broken'] as const) {
  test(`with the API ${listing} a model is taken from main on trust, and stays so`, async () => {
    hub.publish('org/own-cls', tinyFiles())
    hub.faults.listing = listing
    const first = await embed(TINY)
    expectTiny(first)
    expect(first.fingerprint).toContain('org/own-cls@main:')
    hub.requests = []
    hub.faults.listing = 'none'
    expect((await embed(TINY)).fingerprint).toBe(first.fingerprint)
    expect(hub.requests).toEqual([])
  })
}

test('a page of the network in place of the API is said to be one', async () => {
  hub.publish('org/own-cls', tinyFiles())
  hub.faults.listing = 'html'
  const { error } = await embed(TINY)
  expect(error).toMatchObject({ code: 'model_not_found' })
  expect(error?.message).toContain('web page (HTML) in place of the file')
})

test('a dtype that the repository lacks is refused, naming those that it has, before any graph is fetched', async () => {
  const graph = tinyFiles().get('onnx/model.onnx') ?? Buffer.alloc(0)
  hub.publish('org/own-cls', tinyFiles().set('onnx/model_q4.onnx', graph))
  const { error } = await embed(TINY, { dtype: 'fp16' })
  expect(error).toMatchObject({ code: 'invalid_value', status: 400 })
  expect(error?.message).toBe(
    "The model org/own-cls has no graph for the option dtype: 'fp16'; it offers fp32, q4.",
  )
  expect(hub.requests.filter((request) => request.includes('.onnx'))).toEqual([])
  const q4 = await embed(TINY, { dtype: 'q4' })
  expectTiny(q4)
  expect(q4.status?.backend).toMatchObject({ dtype: 'q4', file: 'onnx/model_q4.onnx' })
})

test('for WebGPU a graph that the GPU cannot run is passed over by the list, not fetched', async () => {
  const graph = tinyFiles().get('onnx/model.onnx') ?? Buffer.alloc(0)
  hub.publish('org/own-cls', tinyFiles().set('onnx/model_fp16.onnx', graph))
  const features = await page.evaluate(async () => [
    ...((await navigator.gpu.requestAdapter())?.features ?? []),
  ])
  test.skip(features.length === 0, 'left out, as this Chromium has no WebGPU adapter')
  test.skip(features.includes('shader-f16'), 'left out, as this GPU runs 16-bit floats')
  const outcome = await embed(TINY, { device: 'webgpu' })
  expectTiny(outcome)
  expect(outcome.status?.backend).toMatchObject({ device: 'webgpu', dtype: 'fp32', file: 'onnx/model.onnx' })
  const { error } = await embed(TINY, { device: 'webgpu', dtype: 'fp16', storage: 'memory' })
  expect(error).toMatchObject({ code: 'unsupported_environment', status: 400 })
  expect(error?.message).toContain('onnx/model_fp16.onnx: the GPU has no shader-f16')
  expect(hub.requests.filter((request) => request.includes('model_fp16'))).toEqual([])
})

test('a model that has changed in its folder: the new manifest is fetched when a file does not fit the stored one', async () => {
  /** The model with its graph's hash in the manifest, which says `revision`. */
  const put = (revision: string, graph: Buffer): void => {
    for (const [path, bytes] of filesUnder(`${fixtures}/tiny/tiny-cls`)) folder.set(`tiny-cls/${path}`, bytes)
    const manifest = JSON.parse(String(folder.get('tiny-cls/manifest.json'))) as {
      revision: string
      files: { path: string; bytes: number; sha256: string }[]
    }
    manifest.revision = revision
    folder.set('tiny-cls/onnx/model.onnx', graph)
    for (const file of manifest.files) {
      const bytes = folder.get(`tiny-cls/${file.path}`) ?? Buffer.alloc(0)
      Object.assign(file, { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
    }
    folder.set('tiny-cls/manifest.json', Buffer.from(JSON.stringify(manifest)))
  }
  const graph = readFileSync(`${fixtures}/tiny/tiny-cls/onnx/model.onnx`)
  const body = { ...TINY, model: 'tiny-cls' }
  const options = { modelsUrl: '/folder/', cpuRuntime: 'onnxruntime' } as const
  put('one', graph)
  const first = await embed(body, options)
  expectTiny(first)
  expect(first.fingerprint).toContain('tiny-cls@one:')

  // Another graph of the same meaning: a field of the format that nothing reads, its producer's version.
  put('two', Buffer.concat([graph, Buffer.from([0x1a, 0x01, 0x32])]))
  const stored = await embed(body, options)
  expect(stored.fingerprint).toBe(first.fingerprint)
  await page.evaluate(async () => {
    const cache = await caches.open('browser-embeddings-v1')
    for (const { url } of await cache.keys()) if (url.endsWith('.onnx')) await cache.delete(url)
  })
  const renewed = await embed(body, options)
  expectTiny(renewed)
  expect(renewed.fingerprint).toContain('tiny-cls@two:')
  expect(renewed.status?.storageReason).toMatch(/tiny-cls\/manifest\.json .*outdated: fetched anew/)

  // A server whose files fit no manifest of its own is refused as ever.
  folder.set('tiny-cls/onnx/model.onnx', Buffer.concat([graph, Buffer.from([0x1a, 0x01, 0x33])]))
  await page.evaluate(async () => {
    const cache = await caches.open('browser-embeddings-v1')
    for (const { url } of await cache.keys()) if (url.endsWith('.onnx')) await cache.delete(url)
  })
  const { error } = await embed(body, { ...options, storage: 'memory' })
  expect(error).toMatchObject({ code: 'integrity_error', status: 502 })
})
