/** What transformers.js has stored is used after verification, and left as it is. */

import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { EmbeddingsClient, type EmbeddingsClientOptions } from '../../src/index.ts'
import { haveSharedModels } from './shared-models.ts'
import { transformersVectors } from './transformers-js.ts'
import { requestsOfWorker } from './worker-requests.ts'

const OURS = 'browser-embeddings-v1'
const NAMES = [OURS, 'transformers-cache', 'cache-of-the-page']
const HUB_ID = 'Xenova/all-MiniLM-L6-v2'
const FOLDER = `/shared-models/${HUB_ID}/`
const GRAPH = `${FOLDER}onnx/model_quantized.onnx`
const FILES = ['onnx/model_quantized.onnx', 'tokenizer.json', 'tokenizer_config.json']
const here = await haveSharedModels('files that transformers.js stored')

const emptied = () => Promise.all(NAMES.map((name) => caches.delete(name)))
beforeEach(emptied)
afterAll(emptied)

async function contents(name: string): Promise<Record<string, string>> {
  const cache = await caches.open(name)
  const entries = (await cache.keys()).map(async ({ url }) => {
    const bytes = await (await cache.match(url))!.arrayBuffer()
    return [new URL(url).pathname, await sha256(bytes)] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A recipe that knows its files by hash, as a manifest does. */
async function recipeWithHashes(): Promise<object> {
  const files = FILES.map(async (path) => {
    const bytes = await (await fetch(FOLDER + path)).arrayBuffer()
    return { path, bytes: bytes.byteLength, sha256: await sha256(bytes) }
  })
  return {
    format: 1,
    id: HUB_ID,
    revision: 'main',
    recipe: {
      dimensions: [384],
      maxTokens: 512,
      pooling: 'mean',
      vocabSize: 30_522,
      padTokenId: 0,
      prompts: {},
    },
    variants: [
      {
        device: 'wasm',
        dtype: 'q8',
        file: FILES[0],
        output: 'last_hidden_state',
        pooled: false,
        disabledOptimizers: [],
      },
    ],
    files: await Promise.all(files),
  }
}

async function run(options: EmbeddingsClientOptions) {
  const client = new EmbeddingsClient({
    modelsUrl: '/shared-models/',
    device: 'wasm',
    workers: 1,
    createWorker: () =>
      new Worker(new URL('./services/observed-service.ts', import.meta.url), { type: 'module' }),
    ...options,
  })
  try {
    const { data } = await client.embeddings.create({ model: HUB_ID, input: 'a red apple' })
    const requests = (await requestsOfWorker()).filter((path) => path.startsWith(FOLDER))
    const status = await client.models.status(HUB_ID)
    return { vector: data[0]!.embedding, requests, source: status.source }
  } finally {
    await client.close()
  }
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, at) => sum + value * b[at]!, 0)
}

describe.runIf(here)('a model that transformers.js loaded', () => {
  test('with hashes known: nothing of it is fetched or copied, and its cache stays as it was', async () => {
    const models = [await recipeWithHashes()]
    const [theirs] = await transformersVectors(HUB_ID, 'mean', ['a red apple'], { cache: 'transformers-cache' })
    const before = await contents('transformers-cache')
    expect(Object.keys(before)).toEqual(expect.arrayContaining(FILES.map((path) => FOLDER + path)))
    const ours = await run({ models })
    expect(ours).toMatchObject({ requests: [], source: 'store' })
    expect(cosine(ours.vector, theirs!)).toBeGreaterThan(0.98)
    expect(await contents(OURS)).toEqual({})
    expect(await contents('transformers-cache')).toEqual(before)
  })

  test('in a cache of another name too', async () => {
    const models = [await recipeWithHashes()]
    await transformersVectors(HUB_ID, 'mean', ['a red apple'], { cache: 'cache-of-the-page' })
    expect(await run({ models })).toMatchObject({ requests: [], source: 'store' })
  })

  test('with a byte of the graph changed: the graph is fetched, theirs stays', async () => {
    const models = [await recipeWithHashes()]
    await transformersVectors(HUB_ID, 'mean', ['a red apple'], { cache: 'transformers-cache' })
    const theirs = await caches.open('transformers-cache')
    const bytes = new Uint8Array(await (await theirs.match(GRAPH))!.arrayBuffer())
    bytes[10_000_000]! ^= 1
    await theirs.put(GRAPH, new Response(bytes, { headers: { 'content-length': String(bytes.length) } }))
    const before = await contents('transformers-cache')
    expect(await run({ models })).toMatchObject({ requests: [GRAPH], source: 'network' })
    expect(Object.keys(await contents(OURS))).toEqual([GRAPH])
    expect(await contents('transformers-cache')).toEqual(before)
  })
})

describe('without a hash', () => {
  const OWN = '/fixtures/hub/own-cls/'
  const load = async () => {
    const client = new EmbeddingsClient({
      modelsUrl: '/fixtures/hub/',
      device: 'wasm',
      workers: 1,
      cpuRuntime: 'onnxruntime',
      createWorker: () =>
        new Worker(new URL('./services/observed-service.ts', import.meta.url), { type: 'module' }),
    })
    try {
      await client.models.load('own-cls')
      return (await requestsOfWorker()).filter((path) => path.startsWith(OWN))
    } finally {
      await client.close()
    }
  }
  /** As transformers.js stores what it has read; padded with zeros where the connection broke off. */
  const keep = async (name: string, path: string, spoil = (bytes: Uint8Array) => bytes): Promise<void> => {
    const bytes = spoil(new Uint8Array(await (await fetch(OWN + path)).arrayBuffer()))
    const headers = { 'content-length': String(bytes.length) }
    await (await caches.open(name)).put(OWN + path, new Response(Uint8Array.from(bytes), { headers }))
  }

  test('a file of transformers.js is trusted on first use, and recorded from then on', async () => {
    await keep('transformers-cache', 'tokenizer.json')
    expect(await load()).not.toContain(`${OWN}tokenizer.json`)
    const kept = await (await caches.open(OURS)).match(`${OWN}tokenizer.json`)
    expect(JSON.parse(kept?.headers.get('x-stored-record') ?? '')).toMatchObject({
      trust: 'first use',
      model: 'own-cls',
      sha256: await sha256(await (await fetch(`${OWN}tokenizer.json`)).arrayBuffer()),
    })
  })

  test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['padded with zeros', (bytes) => bytes.fill(0, 100)],
    ['cut short', (bytes) => bytes.subarray(0, 100)],
    ['a web page', () => new TextEncoder().encode('<!doctype html>')],
  ])('one that is %s is not', async (_what, spoil) => {
    await keep('transformers-cache', 'tokenizer.json', spoil)
    expect(await load()).toContain(`${OWN}tokenizer.json`)
  })

  test('nor is what lies in any other cache', async () => {
    await keep('cache-of-the-page', 'tokenizer.json')
    expect(await load()).toContain(`${OWN}tokenizer.json`)
  })
})

test('a file under the hub’s address is used in place of the page’s own, where its hash is known', async () => {
  const graph = 'onnx/model.onnx'
  const bytes = await (await fetch(`/fixtures/tiny/tiny-mean/${graph}`)).arrayBuffer()
  const cache = await caches.open('transformers-cache')
  await cache.put(`https://huggingface.co/tiny-mean/resolve/main/${graph}`, new Response(bytes))
  const client = new EmbeddingsClient({
    modelsUrl: '/fixtures/tiny/',
    device: 'wasm',
    workers: 1,
    createWorker: () =>
      new Worker(new URL('./services/observed-service.ts', import.meta.url), { type: 'module' }),
  })
  try {
    await client.models.load('tiny-mean')
    const requests = (await requestsOfWorker()).filter((path) => path.includes('/tiny-mean/'))
    expect(requests.map((path) => path.replace('/fixtures/tiny/tiny-mean/', '')).toSorted()).toEqual([
      'manifest.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
  } finally {
    await client.close()
  }
})
