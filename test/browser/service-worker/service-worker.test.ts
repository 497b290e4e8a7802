/** The Service Worker route, asked by plain `fetch` from an iframe that knows nothing of the library. */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type {} from '@vitest/browser-playwright'
import { cdp } from 'vitest/browser'
import { answerServiceWorker } from '../../../src/adapters/service-worker-page.ts'
import { EmbeddingsClient } from '../../../src/index.ts'
import { SteeredInference, steeredService } from '../steered-inference.ts'
import { until } from '../until.ts'

const MODEL = 'all-MiniLM-L6-v2'
const SCOPE = '/test/browser/service-worker/'
const BODY = JSON.stringify({ model: MODEL, input: 'hello' })
const POST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: BODY }

const inference = new SteeredInference()
let client: EmbeddingsClient
let registration: ServiceWorkerRegistration
let frame: HTMLIFrameElement
let stop: (() => void) | null = null

beforeAll(async () => {
  client = new EmbeddingsClient({
    modelsUrl: '/models/',
    device: 'wasm',
    workers: 1,
    createWorker: steeredService,
  })
  registration = await navigator.serviceWorker.register(`${SCOPE}worker.js`, { type: 'module', scope: SCOPE })
  frame = document.createElement('iframe')
  await until(() => registration.active?.state === 'activated')
  await new Promise((resolve) => {
    frame.addEventListener('load', resolve)
    frame.src = `${SCOPE}frame.html`
    document.body.append(frame)
  })
  expect(frame.contentWindow?.navigator.serviceWorker.controller).not.toBeNull()
})

afterEach(() => {
  stop?.()
  stop = null
})

afterAll(async () => {
  frame.remove()
  await registration.unregister()
  await client.close()
})

/** `fetch` of the iframe. */
function ask(path: string, init?: RequestInit): Promise<Response> {
  return frame.contentWindow!.fetch(path, init)
}

async function errorOf(response: Response): Promise<Record<string, unknown>> {
  return ((await response.json()) as { error: Record<string, unknown> }).error
}

/** Waits until no page holds a client: a lock is freed a moment after it is given back. */
async function expectNobody(): Promise<void> {
  await until(async () => (await ask('/v1/models')).status === 503)
}

test('answers 503 with a clear error while no page holds a client', async () => {
  const response = await ask('/v1/embeddings', POST)
  expect(response.status).toBe(503)
  expect(await errorOf(response)).toEqual({
    message: expect.stringContaining('No open page'),
    type: 'internal_server_error',
    param: null,
    code: 'worker_terminated',
  })
})

test('answers embeddings and models from the client of the page, at the root and under its scope', async () => {
  stop = await answerServiceWorker(client)
  const direct = await client.embeddings.create({ model: MODEL, input: 'hello' })
  for (const base of ['/v1', `${SCOPE}v1`]) {
    const response = await ask(`${base}/embeddings`, POST)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
    expect(await response.json()).toEqual(direct)
  }
  const { data } = (await (await ask('/v1/models')).json()) as { data: unknown[] }
  expect(data).toEqual((await client.models.list()).data)
  expect((await ask(`/v1/models/${MODEL}`)).status).toBe(200)
})

test('passes errors on with their status', async () => {
  stop = await answerServiceWorker(client)
  const wrong = await ask('/v1/embeddings', { ...POST, body: '{' })
  expect([wrong.status, (await errorOf(wrong))['code']]).toEqual([400, 'invalid_json'])
  expect((await ask('/v1/embeddings')).status).toBe(405)
  expect((await ask('/v1/models/none')).status).toBe(404)
})

test('leaves every other path, navigations and other origins to the network', async () => {
  stop = await answerServiceWorker(client)
  // Vite's own server answers these.
  expect((await ask(`/models/${MODEL}/config.json`)).headers.has('x-request-id')).toBe(false)
  expect((await ask('/v1/chat/completions')).headers.has('x-request-id')).toBe(false)
  expect((await ask('/elsewhere/v1/models')).headers.has('x-request-id')).toBe(false)
  const other = new URL('/v1/models', location.href)
  other.hostname = other.hostname === 'localhost' ? '127.0.0.1' : 'localhost'
  const elsewhere = await ask(other.href).catch(() => null)
  expect(elsewhere?.headers.has('x-request-id') ?? false).toBe(false)
  const page = document.createElement('iframe')
  await new Promise((resolve) => {
    page.addEventListener('load', resolve)
    page.src = `${SCOPE}v1/models`
    document.body.append(page)
  })
  expect(page.contentDocument?.body.textContent ?? '').not.toContain('"object":"list"')
  page.remove()
})

test('survives a restart of the Service Worker', async () => {
  stop = await answerServiceWorker(client)
  expect((await ask('/v1/models')).status).toBe(200)
  const session = cdp()
  await session.send('ServiceWorker.enable')
  await session.send('ServiceWorker.stopAllWorkers')
  expect((await ask('/v1/models')).status).toBe(200)
  expect((await ask('/v1/embeddings', POST)).status).toBe(200)
})

test('an abort rejects, and the next request is answered', async () => {
  stop = await answerServiceWorker(client)
  await client.models.load(MODEL)
  await inference.shut()
  const controller = new AbortController()
  const pending = ask('/v1/embeddings', { ...POST, signal: controller.signal })
  await inference.batch()
  controller.abort()
  await expect(pending).rejects.toMatchObject({ name: 'AbortError' })
  inference.open()
  expect((await ask('/v1/embeddings', POST)).status).toBe(200)
})

test('goes on to another page when the one it asked goes away, and answers 503 after the last one', async () => {
  await expectNobody()
  // A page of its own that never answers: it holds the lock as a page does, and has no listener.
  const silent = document.createElement('iframe')
  await new Promise((resolve) => {
    silent.addEventListener('load', resolve)
    silent.src = `${SCOPE}frame.html`
    document.body.append(silent)
  })
  const locks = silent.contentWindow!.navigator.locks
  await new Promise<void>((resolve) => {
    void locks
      .request('browser-embeddings:page:silent', () => {
        resolve()
        return new Promise<never>(() => undefined)
      })
      .catch(() => undefined)
  })
  const alone = ask('/v1/models')
  setTimeout(() => {
    silent.remove()
  }, 100)
  expect((await alone).status).toBe(503)
})

test('stop lets requests that run finish, and takes no more', async () => {
  stop = await answerServiceWorker(client)
  await client.models.load(MODEL)
  await inference.shut()
  const running = ask('/v1/embeddings', POST)
  await inference.batch()
  stop()
  stop = null
  inference.open()
  expect((await running).status).toBe(200)
  await expectNobody()
})
