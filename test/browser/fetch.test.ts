/** `client.fetch` with a real model behind it. */

import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { decodeBase64Embedding, EmbeddingsClient } from '../../src/index.ts'
import type { CreateEmbeddingResponse, EmbeddingsClientOptions, ModelList } from '../../src/index.ts'

const MODEL = 'all-MiniLM-L6-v2'
const OPTIONS: EmbeddingsClientOptions = { modelsUrl: '/models/', device: 'wasm', workers: 1 }
let client: EmbeddingsClient

beforeAll(() => {
  client = new EmbeddingsClient(OPTIONS)
})

afterAll(() => client.close())

function post(body: unknown, init: RequestInit = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-any' },
    body: JSON.stringify(body),
    ...init,
  }
}

test('answers as embeddings.create does, at a relative address too', async () => {
  const body = { model: MODEL, input: ['a cat', 'a dog'], dimensions: 64 }
  const response = await client.fetch('/v1/embeddings', post(body))
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/)
  expect(await response.json()).toEqual(await client.embeddings.create(body))
})

test('writes many vectors, in several tasks, as it writes few', async () => {
  const cached = new EmbeddingsClient({ ...OPTIONS, workers: 'auto', cache: 'memory' })
  const body = { model: MODEL, input: Array.from({ length: 1024 }, (_, i) => `n ${String(i)}`) }
  const longTasks: number[] = []
  const observer = new PerformanceObserver((list) => {
    longTasks.push(...list.getEntries().map(({ duration }) => duration))
  })
  try {
    const direct = await cached.embeddings.create(body)
    observer.observe({ type: 'longtask' })
    const response = await cached.fetch('/v1/embeddings', post(body))
    await new Promise((resolve) => setTimeout(resolve, 100))
    observer.disconnect()
    console.log('long tasks of 1,024 vectors as JSON, in ms:', longTasks)
    expect(await response.json()).toEqual(direct)
  } finally {
    await cached.close()
  }
})

test('gives each request an id of its own', async () => {
  const answers = await Promise.all([client.fetch('/v1/models'), client.fetch('/v1/models')])
  expect(new Set(answers.map(({ headers }) => headers.get('x-request-id'))).size).toBe(2)
})

test('gives the same floats in both encodings, and for token ids what it gives for the text', async () => {
  const ask = async (fields: object): Promise<CreateEmbeddingResponse<unknown>> => {
    const response = await client.fetch('https://local.test/v1/embeddings', post({ model: MODEL, ...fields }))
    return (await response.json()) as CreateEmbeddingResponse<unknown>
  }
  const floats = await ask({ input: 'Hello, world!' })
  const base64 = await ask({ input: 'Hello, world!', encoding_format: 'base64' })
  // `Hello, world!` in the vocabulary of BERT uncased.
  const tokens = await ask({ input: [[7592, 1010, 2088, 999]] })
  expect(Array.from(decodeBase64Embedding(base64.data[0]?.embedding as string))).toEqual(
    floats.data[0]?.embedding,
  )
  expect(tokens.data[0]?.embedding).toEqual(floats.data[0]?.embedding)
  expect(floats.usage).toEqual({ prompt_tokens: 6, total_tokens: 6 })
})

test('makes lone surrogates well-formed, in the text and as escapes', async () => {
  const ask = async (body: string): Promise<unknown> => {
    const response = await client.fetch('/v1/embeddings', { ...post({}), body })
    return ((await response.json()) as CreateEmbeddingResponse).data[0]?.embedding
  }
  const expected = await ask(`{"model":"${MODEL}","input":"odd \ufffd text"}`)
  expect(await ask(`{"model":"${MODEL}","input":"odd \\ud800 text"}`)).toEqual(expected)
  expect(await ask(`{"model":"${MODEL}","input":"odd \ud800 text"}`)).toEqual(expected)
})

test('lists the models and retrieves one, by a hub id with its slash encoded or not', async () => {
  const list = (await (await client.fetch('/v1/models')).json()) as ModelList
  expect(list).toEqual(await client.models.list())
  for (const path of [MODEL, `Xenova/${MODEL}`, encodeURIComponent(`Xenova/${MODEL}`)]) {
    const response = await client.fetch(`/v1/models/${path}`)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ id: decodeURIComponent(path), object: 'model' })
  }
})

test('answers 404 model_not_found with the param', async () => {
  for (const response of [
    await client.fetch('/v1/models/gpt-4'),
    await client.fetch('/v1/embeddings', post({ model: 'gpt-4', input: 'x' })),
  ]) {
    expect(response.status).toBe(404)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await response.json()).toMatchObject({ error: { code: 'model_not_found', param: 'model' } })
  }
})

test('answers a text over the limit as the documents do', async () => {
  const response = await client.fetch('/v1/embeddings', post({ model: MODEL, input: 'word '.repeat(300) }))
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({
    error: { type: 'invalid_request_error', param: 'input', code: 'context_length_exceeded' },
  })
})

test('answers 429 with Retry-After when the queue is full, and lets a retry succeed', async () => {
  const small = new EmbeddingsClient({ ...OPTIONS, maxPendingInputs: 2 })
  try {
    const body = { model: MODEL, input: ['one', 'two'] }
    const first = small.fetch('/v1/embeddings', post(body))
    const second = await small.fetch('/v1/embeddings', post(body))
    expect(second.status).toBe(429)
    expect(second.headers.get('retry-after')).toBe('1')
    expect(second.headers.has('x-should-retry')).toBe(false)
    expect(await second.json()).toMatchObject({ error: { type: 'rate_limit_error', code: 'queue_full' } })
    expect((await first).status).toBe(200)
    expect((await small.fetch('/v1/embeddings', post(body))).status).toBe(200)
  } finally {
    await small.close()
  }
})

test('rejects with the own reason of the signal while a request runs', async () => {
  const controller = new AbortController()
  const input = Array.from({ length: 400 }, (_, i) => `text number ${String(i)} `.repeat(20))
  const pending = client.fetch('/v1/embeddings', post({ model: MODEL, input }, { signal: controller.signal }))
  setTimeout(() => {
    controller.abort()
  }, 50)
  await expect(pending).rejects.toMatchObject({ name: 'AbortError' })
  expect((await client.fetch('/v1/embeddings', post({ model: MODEL, input: 'next' }))).status).toBe(200)
})

test("takes fetch's own priority: low runs behind interactive requests", async () => {
  const create = vi.spyOn(client.embeddings, 'create')
  try {
    for (const [priority, expected] of [
      ['low', 'background'],
      ['auto', 'interactive'],
    ] as const) {
      const response = await client.fetch('/v1/embeddings', post({ model: MODEL, input: 'x' }, { priority }))
      expect(response.status).toBe(200)
      expect(create.mock.lastCall?.[1]?.priority).toBe(expected)
    }
  } finally {
    create.mockRestore()
  }
})

test('rejects on abort while it waits for the worker to start', async () => {
  const fresh = new EmbeddingsClient(OPTIONS)
  const controller = new AbortController()
  const pending = fresh.fetch('/v1/models', { signal: controller.signal })
  const reason = new Error('left the page')
  controller.abort(reason)
  await expect(pending).rejects.toBe(reason)
  await fresh.close()
})

test('answers 503 after close and says that no retry helps', async () => {
  const closed = new EmbeddingsClient(OPTIONS)
  await closed.close()
  const response = await closed.fetch('/v1/models')
  expect(response.status).toBe(503)
  expect(response.headers.get('x-should-retry')).toBe('false')
  expect(await response.json()).toMatchObject({ error: { code: 'worker_terminated' } })
})
