/** What the page sends its service and gets back: a call is one message each way, and none waits for another's answer. */

import { expect, test } from 'vitest'
import { EmbeddingsClient } from '../../src/index.ts'

const MODEL = 'tiny-mean'

interface Observed {
  client: EmbeddingsClient
  /** Paths of the calls that were sent; `RELEASE` and the like by their type. */
  sent: string[]
  /** What came back: answers to calls, and progress. */
  came: ('answer' | 'progress')[]
}

/** A client whose messages are noted; they go on to a real service. */
function observe(): Observed {
  const sent: string[] = []
  const came: Observed['came'] = []
  const createWorker = (): Worker => {
    const worker = new Worker(new URL('./services/observed-service.ts', import.meta.url), { type: 'module' })
    const post = worker.postMessage.bind(worker)
    worker.postMessage = (
      message: { type: string; path?: string[] },
      given: Transferable[] | StructuredSerializeOptions = {},
    ) => {
      sent.push(message.path?.join('.') ?? message.type)
      post(message, Array.isArray(given) ? { transfer: given } : given)
    }
    worker.addEventListener('message', ({ data }: MessageEvent<object>) => {
      came.push('progress' in data ? 'progress' : 'answer')
    })
    return worker
  }
  const client = new EmbeddingsClient({
    modelsUrl: '/fixtures/tiny/',
    device: 'wasm',
    storage: 'memory',
    createWorker,
  })
  return { client, sent, came }
}

test('the first call goes out with the configuration, in the task in which it is made', async () => {
  const { client, sent, came } = observe()
  await using _ = client
  const first = client.embeddings.create({ model: MODEL, input: 'red' })
  const second = client.models.list()
  expect(sent).toEqual(['configure', 'embeddings.create', 'models.list'])
  expect(came).toEqual([])
  expect((await first).data).toHaveLength(1)
  expect((await second).data.length).toBeGreaterThan(0)
})

test('a call is one message there and one back, with no progress that nobody hears', async () => {
  const { client, sent, came } = observe()
  await using _ = client
  await client.models.load(MODEL)
  for (const input of [
    'red',
    ['red', 'blue'],
    Array.from({ length: 200 }, (_, index) => `red ${String(index)}`),
  ]) {
    sent.length = came.length = 0
    await client.embeddings.create({ model: MODEL, input })
    expect(sent).toEqual(['embeddings.create'])
    expect(came).toEqual(['answer'])
  }
})
