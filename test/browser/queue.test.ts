/** Many requests at once: order, priorities, limits, aborts. What happens when is certain: a slow model, or steered workers. */

import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { cosine } from '../../src/vectors/similarity.ts'
import {
  decodeBase64Embedding,
  EmbeddingsClient,
  type EmbeddingsClientOptions,
  type ProgressEvent,
} from '../../src/index.ts'
import { rejectedBy } from '../unit/thrown-by.ts'
import { SteeredInference, steeredService } from './steered-inference.ts'

const SLOW = 'tiny-slow'
const QUICK = 'tiny-mean'
const inference = new SteeredInference()
const open: EmbeddingsClient[] = []

function tiny(options: EmbeddingsClientOptions = {}): EmbeddingsClient {
  const client = new EmbeddingsClient({
    modelsUrl: '/fixtures/tiny/',
    device: 'wasm',
    cpuRuntime: 'onnxruntime',
    workers: 1,
    storage: 'memory',
    ...options,
  })
  open.push(client)
  return client
}

afterEach(() => Promise.all(open.splice(0).map((client) => client.close())))

/** Texts of 16 tokens, all different: 32 of them fill a batch. */
const batches = (count: number): string[] =>
  Array.from({ length: 32 * count }, (_, index) =>
    Array.from({ length: 14 }, (__, bit) => ((index >> bit) & 1 ? 'green' : 'red')).join(' '),
  )

describe('the shipped model', () => {
  const MODEL = 'all-MiniLM-L6-v2'
  const shipped = new EmbeddingsClient({ modelsUrl: '/models/', device: 'wasm' })
  afterAll(() => shipped.close())

  const words = 'time year people way day man thing woman life child world school state family'.split(' ')
  /** 64 texts of 1 to 13 words. */
  const distinct = Array.from({ length: 64 }, (_, index) =>
    Array.from({ length: 1 + (index % 13) }, (__, word) => words[(index * 5 + word * 3) % words.length]).join(
      ' ',
    ),
  )

  const embedOne = async (input: string): Promise<Float32Array> =>
    Float32Array.from((await shipped.embeddings.create({ model: MODEL, input })).data[0]!.embedding)

  test('2,048 mixed inputs: right count, order and vectors, with progress', { timeout: 180_000 }, async () => {
    const half = Array.from({ length: 1024 }, (_, index) => `${distinct[index % 64]!} ${String(index)}`)
    const input = [...half, ...half.toReversed()]
    const progress: (ProgressEvent & { type: 'embedded' })[] = []
    const { data, usage } = await shipped.embeddings.create(
      { model: MODEL, input },
      {
        onProgress: (event) => {
          if (event.type === 'embedded') progress.push(event)
        },
      },
    )
    expect(data.map(({ index }) => index)).toEqual(input.map((_, index) => index))
    const cosines: number[] = []
    for (let index = 0; index < 1024; index += 17) {
      cosines.push(cosine(Float32Array.from(data[index]!.embedding), await embedOne(input[index]!)))
    }
    expect(Math.min(...cosines)).toBeGreaterThanOrEqual(0.998)
    expect(cosines.reduce((sum, value) => sum + value, 0) / cosines.length).toBeGreaterThanOrEqual(0.9999)
    half.forEach((_, index) => {
      expect(data[2047 - index]!.embedding).toEqual(data[index]!.embedding)
    })
    const once = await shipped.embeddings.create({ model: MODEL, input: half })
    expect(usage.prompt_tokens).toBe(2 * once.usage.prompt_tokens)

    expect(progress.length).toBeGreaterThan(20)
    expect(progress.at(-1)).toMatchObject({ model: MODEL, inputs: 2048, totalInputs: 2048 })
    const done = progress.map(({ inputs }) => inputs)
    expect(done).toEqual(done.toSorted((a, b) => a - b))
  })

  test('100 requests at once: none is lost, each equals its own serial run', { timeout: 120_000 }, async () => {
    const input = Array.from({ length: 100 }, (_, index) => `${distinct[index % 64]!} ${String(index)}`)
    const together = await Promise.all(input.map(embedOne))
    expect(together).toHaveLength(100)
    for (const [index, text] of input.entries()) {
      const serial = await embedOne(text)
      const furthest = serial.reduce(
        (most, value, k) => Math.max(most, Math.abs(value - together[index]![k]!)),
        0,
      )
      expect([text, furthest < 1e-5]).toEqual([text, true])
    }
  })
})

test('interactive requests run before background ones that came earlier', async () => {
  const client = tiny({ createWorker: steeredService })
  await client.models.load(QUICK)
  const ended: string[] = []
  const create = async (name: string, priority: 'interactive' | 'background') => {
    await client.embeddings.create({ model: QUICK, input: 'red' }, { priority })
    ended.push(name)
  }
  await inference.shut()
  const background = ['b0', 'b1', 'b2', 'b3', 'b4'].map((name) => create(name, 'background'))
  await inference.batch()
  const interactive = ['i0', 'i1'].map((name) => create(name, 'interactive'))
  // Answered in order: by then all of them wait.
  await client.models.status(QUICK)
  inference.open()
  await Promise.all([...background, ...interactive])
  // The first was running when the others came; the rest waited.
  expect(ended).toEqual(['b0', 'i0', 'i1', 'b1', 'b2', 'b3', 'b4'])
})

test('equal inputs of one request run once, however they are written', async () => {
  const events: (ProgressEvent & { type: 'embedded' })[] = []
  const client = tiny()
  const [red, blue] = (await client.embeddings.create({ model: SLOW, input: ['red', 'blue'] })).data
  const input = Array.from({ length: 300 }, (_, index) => ['red', 'RED', ' red ', 'blue'][index % 4]!)
  for (const encoding_format of ['float', 'base64'] as const) {
    const { data, usage } = await client.embeddings.create(
      { model: SLOW, input, encoding_format },
      {
        onProgress: (event) => {
          if (event.type === 'embedded') events.push(event)
        },
      },
    )
    const vectors = data.map(({ embedding }) =>
      typeof embedding === 'string' ? Array.from(decodeBase64Embedding(embedding)) : embedding,
    )
    expect(vectors).toEqual(input.map((text) => (text === 'blue' ? blue : red)!.embedding))
    // Three tokens each, special tokens included.
    expect(usage).toEqual({ prompt_tokens: 900, total_tokens: 900 })
    // How many events tell it depends on how fast the texts are tokenized; the repeats come last, in one.
    const told = events.splice(0)
    const repeats = told.pop()
    expect(repeats).toMatchObject({ inputs: 300, tokens: 894, totalInputs: 300 })
    expect(told.at(-1)).toMatchObject({ inputs: 2, totalInputs: 300 })
    expect(told.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(6)
  }
})

describe('maxPendingInputs', () => {
  test('one request over it: queue_full with what waits, what came and the limit', async () => {
    const error = await rejectedBy(
      tiny({ maxPendingInputs: 3 }).embeddings.create({ model: SLOW, input: ['red', 'red', 'red', 'red'] }),
    )
    expect(error).toMatchObject({ code: 'queue_full', status: 429, type: 'rate_limit_error', param: null })
    expect(error.message).toMatch(/^0 inputs are waiting and 4 more came; the limit is 3/)
  })

  test('holds over all requests, and is free again when they end', async () => {
    const client = tiny({ maxPendingInputs: 3 })
    await client.models.load(SLOW)
    const first = client.embeddings.create({ model: SLOW, input: ['red', 'green'] })
    const error = await rejectedBy(client.embeddings.create({ model: SLOW, input: ['red', 'green'] }))
    expect(error.message).toMatch(/^2 inputs are waiting and 2 more came; the limit is 3/)
    await first
    expect(
      (await client.embeddings.create({ model: SLOW, input: ['red', 'green', 'blue'] })).data,
    ).toHaveLength(3)
  })

  test('refused requests do not fill it', async () => {
    const client = tiny({ maxPendingInputs: 3 })
    for (let attempt = 0; attempt < 5; attempt++) {
      await rejectedBy(client.embeddings.create({ model: 'tiny-mean', input: ['red', 'red '.repeat(20)] }))
    }
    expect(
      (await client.embeddings.create({ model: 'tiny-mean', input: ['red', 'red', 'red'] })).data,
    ).toHaveLength(3)
  })
})

describe('an abort', () => {
  test('rejects with the signal’s own reason, whatever that is', async () => {
    const client = tiny()
    for (const reason of [new Error('the user left'), 'a string', undefined]) {
      const controller = new AbortController()
      const aborted = client.embeddings.create(
        { model: SLOW, input: batches(4) },
        { signal: controller.signal },
      )
      controller.abort(reason)
      const wanted: unknown = controller.signal.reason
      await expect(aborted).rejects.toBe(wanted)
    }
  })

  test('before the call starts nothing', async () => {
    let workers = 0
    const client = tiny({
      createWorker: () => {
        workers++
        throw new Error('not expected')
      },
    })
    await expect(
      client.embeddings.create({ model: SLOW, input: 'red' }, { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' })
    expect(workers).toBe(0)
  })

  test('frees the queue within one batch, and its inputs at once', async () => {
    const events: (ProgressEvent & { type: 'embedded' })[] = []
    const client = tiny({
      createWorker: steeredService,
      maxPendingInputs: 700,
      onProgress: (event) => {
        if (event.type === 'embedded') events.push(event)
      },
    })
    await client.models.load(QUICK)
    const controller = new AbortController()
    await inference.shut()
    const long = client.embeddings.create({ model: QUICK, input: batches(20) }, { signal: controller.signal })
    const ending = expect(long).rejects.toMatchObject({ name: 'AbortError' })
    await inference.batch()
    controller.abort()
    await ending
    // 640 inputs would still wait.
    const next = client.embeddings.create({ model: QUICK, input: batches(3) })
    await client.models.status(QUICK)
    inference.open()
    expect((await next).data).toHaveLength(96)
    // The batch that the worker had already, at most; it would tell before the other call does.
    const last = events.at(-1).callId
    expect(events.filter(({ callId }) => callId !== last).length).toBeLessThanOrEqual(1)
  })

  test('of one request leaves the others alone', async () => {
    const client = tiny()
    await client.models.load(SLOW)
    const controller = new AbortController()
    const requests = Array.from({ length: 6 }, (_, index) =>
      client.embeddings.create(
        { model: SLOW, input: 'red' },
        index % 2 === 0 ? {} : { signal: controller.signal },
      ),
    )
    const settled = Promise.allSettled(requests)
    controller.abort()
    expect((await settled).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
    ])
  })

  test('of a load that nobody else waits for lets the next call load afresh', async () => {
    const client = tiny({ modelsUrl: '/models/' })
    const controller = new AbortController()
    const load = client.models.load('all-MiniLM-L6-v2', {
      signal: controller.signal,
      onProgress: () => {
        controller.abort(new Error('enough'))
      },
    })
    await expect(load).rejects.toThrow('enough')
    const { data } = await client.embeddings.create({ model: 'all-MiniLM-L6-v2', input: 'Hello, world!' })
    expect(data[0]!.embedding).toHaveLength(384)
  })

  test('of a load that another waits for does not end it', async () => {
    const client = tiny()
    const controller = new AbortController()
    const given = client.models.load(SLOW, { signal: controller.signal })
    const kept = client.models.load(SLOW)
    controller.abort()
    await expect(given).rejects.toMatchObject({ name: 'AbortError' })
    expect((await kept).state).toBe('ready')
  })
})

describe('a timeout', () => {
  test('fails the call with its limit, frees the queue, and the next call works', async () => {
    const client = tiny({ maxPendingInputs: 320 })
    await client.models.load(SLOW)
    const error = await rejectedBy(
      client.embeddings.create({ model: SLOW, input: batches(10) }, { timeout: 60 }),
    )
    expect(error).toMatchObject({ code: 'timeout', status: 503, type: 'internal_server_error' })
    expect(error.message).toMatch(/\b60 ms/)
    const { data } = await client.embeddings.create({ model: SLOW, input: batches(1) })
    expect(data).toHaveLength(32)
  })

  test('of the client holds for every call, loading included', async () => {
    const error = await rejectedBy(tiny({ timeout: 1 }).models.load(SLOW))
    expect(error.code).toBe('timeout')
  })
})
