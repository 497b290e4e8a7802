/** Chrome's proposed SemanticEmbedder, as web-platform-tests ask for it. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSemanticEmbedder, type EmbedderTaskType } from '../../../src/adapters/semantic-embedder.ts'
import type { EmbeddingsClient } from '../../../src/index.ts'
import { MODEL, PROMPTS, promptedClient, vectorOf } from './prompted-model.ts'

let client: EmbeddingsClient

beforeAll(async () => {
  client = await promptedClient()
})

afterAll(() => client.close())

test('availability goes from downloadable over downloading to available', async () => {
  const fresh = await promptedClient()
  const SemanticEmbedder = createSemanticEmbedder(fresh, { model: MODEL })
  try {
    expect(await SemanticEmbedder.availability()).toBe('downloadable')
    const creating = SemanticEmbedder.create()
    expect(await SemanticEmbedder.availability()).toBe('downloading')
    await creating
    expect(await SemanticEmbedder.availability()).toBe('available')
    const none = createSemanticEmbedder(fresh, { model: 'none' })
    expect(await none.availability()).toBe('unavailable')
  } finally {
    await fresh.close()
  }
})

test('create answers an instance and tells a monitor of the download from 0 to 1', async () => {
  const fresh = await promptedClient({ storage: 'memory' })
  const SemanticEmbedder = createSemanticEmbedder(fresh, { model: MODEL })
  const heard: number[] = []
  try {
    const embedder = await SemanticEmbedder.create({
      monitor: (monitor) => {
        monitor.addEventListener('downloadprogress', (event) => {
          const { loaded, total } = event as ProgressEvent
          expect(total).toBe(1)
          heard.push(loaded)
        })
      },
    })
    expect(embedder).toBeInstanceOf(SemanticEmbedder)
  } finally {
    await fresh.close()
  }
  expect(heard[0]).toBe(0)
  expect(heard.at(-1)).toBe(1)
  expect(heard.length).toBeGreaterThan(3)
  expect(heard).toEqual(heard.toSorted((a, b) => a - b))
})

test('embed takes a string or an array, and answers Float32Arrays with their space', async () => {
  const embedder = await createSemanticEmbedder(client, { model: MODEL }).create()
  const one = await embedder.embed('hello')
  expect(one.embeddings).toHaveLength(1)
  expect(one.embeddings[0]?.values).toBeInstanceOf(Float32Array)
  expect(Array.from(one.embeddings[0]!.values)).toEqual(await vectorOf(client, 'hello'))
  // [CLS] hello [SEP]
  expect(one.embeddings[0]?.statistics).toEqual({ tokenCount: 3, truncated: false })
  const two = await embedder.embed(['hello', 'world'])
  expect(two.embeddings).toHaveLength(2)
  expect(two.metadata).toEqual(one.metadata)
  expect(two.metadata).toEqual({ embeddingSpace: expect.stringContaining(MODEL), maxInputTokens: 256 })
  const none = await embedder.embed([])
  expect(none).toEqual({ embeddings: [], metadata: one.metadata })
})

test('embed cuts a text over the limit and says so', async () => {
  const embedder = await createSemanticEmbedder(client, { model: MODEL }).create()
  const { embeddings } = await embedder.embed(['short', 'word '.repeat(300)])
  expect(embeddings.map(({ statistics }) => statistics.truncated)).toEqual([false, true])
  expect(embeddings[1]?.statistics.tokenCount).toBe(256)
})

test.each([
  ['semantic-similarity', PROMPTS.similarity],
  ['retrieval-query', PROMPTS.query],
  ['retrieval-document', PROMPTS.document],
  ['classification', PROMPTS.classification],
  ['clustering', PROMPTS.clustering],
] as const)('taskType %s takes its own prompt', async (taskType, prompt) => {
  const embedder = await createSemanticEmbedder(client, { model: MODEL, dimensions: 64 }).create()
  const { embeddings } = await embedder.embed('cats', { taskType })
  expect(Array.from(embeddings[0]!.values)).toEqual(await vectorOf(client, `${prompt}cats`, 64))
})

test('an unknown taskType is a TypeError', async () => {
  const embedder = await createSemanticEmbedder(client, { model: MODEL }).create()
  for (const taskType of ['retrieval', 'toString', '']) {
    const wrong = { taskType: taskType as EmbedderTaskType }
    await expect(embedder.embed('x', wrong)).rejects.toBeInstanceOf(TypeError)
  }
})

test('signals end create, embed and the embedder with their own reasons', async () => {
  const SemanticEmbedder = createSemanticEmbedder(client, { model: MODEL })
  const reason = new Error('not wanted')
  await expect(SemanticEmbedder.create({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  const controller = new AbortController()
  const embedder = await SemanticEmbedder.create({ signal: controller.signal })
  await expect(embedder.embed('x', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  controller.abort(reason)
  await expect(embedder.embed('x')).rejects.toBe(reason)
})

test('destroy ends calls that run and later ones, and leaves the client as it is', async () => {
  const embedder = await createSemanticEmbedder(client, { model: MODEL }).create()
  const pending = embedder.embed(
    Array.from({ length: 50 }, (_, index) => `${String(index)} ${'a long text '.repeat(60)}`),
  )
  embedder.destroy()
  await expect(pending).rejects.toMatchObject({ name: 'AbortError' })
  await expect(embedder.embed('x')).rejects.toMatchObject({ name: 'AbortError' })
  expect(await vectorOf(client, 'x')).toHaveLength(384)
})
