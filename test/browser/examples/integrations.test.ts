/** The examples that the README prints, as they are. */

import { expect, test } from 'vitest'
import { until } from '../until.ts'

test('openai-sdk.ts runs the official SDK', async () => {
  const { response } = await import('../../../examples/openai-sdk.ts')
  expect(response.model).toBe('all-MiniLM-L6-v2')
  expect(response.data[0]?.embedding).toHaveLength(384)
})

test('fetch.ts asks as a server is asked', async () => {
  const { response, data } = await import('../../../examples/fetch.ts')
  expect(response.status).toBe(200)
  expect(data[0]?.embedding).toHaveLength(128)
})

test('ai-sdk.ts finds the sentence that means the same', async () => {
  const { similarities, usage } = await import('../../../examples/ai-sdk.ts')
  expect(similarities[0]).toBeGreaterThan(similarities[1]! + 0.3)
  // 6 (`log ##in`), 7 and 5 tokens, each text with [CLS] and [SEP]
  expect(usage.tokens).toBe(24)
})

test('langchain.ts embeds documents and a query', async () => {
  const { documents, query } = await import('../../../examples/langchain.ts')
  expect([documents.length, query.length]).toEqual([2, 384])
})

test('orama.ts finds by meaning', async () => {
  const { hits } = await import('../../../examples/orama.ts')
  expect(hits[0]?.document).toMatchObject({ title: 'How do I reset my password?' })
})

test('semantic-embedder.ts answers in the shape of the proposal', async () => {
  const { availability, result } = await import('../../../examples/semantic-embedder.ts')
  expect(availability).toBe('downloadable')
  expect(result.embeddings[0]?.values).toBeInstanceOf(Float32Array)
})

test('caching.ts computes once', async () => {
  const { first, second, cache } = await import('../../../examples/caching.ts')
  expect(second).toEqual(first)
  expect(cache).toMatchObject({ kind: 'indexeddb', reason: null })
  expect(cache?.hits).toBeGreaterThanOrEqual(2)
})

test('service-worker answers plain fetch of a page that knows nothing of the library', async () => {
  const { stop } = await import('../../../examples/service-worker/page.ts')
  await until(async () => {
    const registrations = await navigator.serviceWorker.getRegistrations()
    return registrations.some(({ active }) => active?.state === 'activated')
  })
  const frame = document.createElement('iframe')
  await new Promise((resolve) => {
    frame.addEventListener('load', resolve)
    // Any document under the worker's scope.
    frame.src = '/examples/service-worker/worker.js'
    document.body.append(frame)
  })
  const response = await frame.contentWindow!.fetch('/v1/embeddings', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'all-MiniLM-L6-v2', input: 'I forgot my login.' }),
  })
  expect(response.status).toBe(200)
  expect(((await response.json()) as { data: { embedding: number[] }[] }).data[0]?.embedding).toHaveLength(384)
  stop()
  frame.remove()
  for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister()
})
