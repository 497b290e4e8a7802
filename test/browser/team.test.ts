/** Workers of one model, in a cross-origin isolated page, that help each other with a lone run. */

import { afterEach, describe, expect, test } from 'vitest'
import { EmbeddingsClient, type EmbeddingsClientOptions } from '../../src/index.ts'
import { tellWorkers, workerReports, type WorkerReport } from './observed-workers.ts'
import { until } from './until.ts'

const MODEL = 'all-MiniLM-L6-v2'
const LONG = 'a long text, word by word, of more than two hundred tokens '.repeat(15)
const QUERIES = ['who freed the slaves', 'a', LONG]

const clients: EmbeddingsClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

function open(workers: number, options: EmbeddingsClientOptions = {}): EmbeddingsClient {
  const client = new EmbeddingsClient({
    modelsUrl: '/models/',
    device: 'wasm',
    storage: 'memory',
    workers,
    createWorker: () =>
      new Worker(new URL('./services/observed-memory-service.ts', import.meta.url), { type: 'module' }),
    ...options,
  })
  clients.push(client)
  return client
}

async function embed(
  client: EmbeddingsClient,
  input: string | string[],
  signal?: AbortSignal,
): Promise<number[][]> {
  const options = signal === undefined ? {} : { signal }
  const { data } = await client.embeddings.create({ model: MODEL, input }, options)
  return data.map(({ embedding }) => embedding)
}

const workersOf = async (client: EmbeddingsClient) => (await client.models.status(MODEL)).backend?.workers

/** Vectors of the queries, each a request of its own, by a client whose one worker nobody helps. */
const expected = await (async () => {
  const client = open(1)
  const vectors: number[][] = []
  for (const input of QUERIES) vectors.push(...(await embed(client, input)))
  await client.close()
  return vectors
})()

async function expectRight(client: EmbeddingsClient): Promise<void> {
  for (const [index, input] of QUERIES.entries()) expect(await embed(client, input)).toEqual([expected[index]])
}

/** Asks until as many workers are up, and have helped one that is asked alone. */
async function untilHelped(client: EmbeddingsClient, workers: number): Promise<WorkerReport[]> {
  let found: WorkerReport[] = []
  await until(async () => {
    await expectRight(client)
    if ((await workersOf(client)) !== workers) return false
    found = await workerReports(workers)
    return found.some(({ helped }) => helped > 100)
  })
  return found
}

describe('a request that is alone', () => {
  test('has two workers from the second on, and the bits that one gives', async () => {
    const client = open(2)
    await client.models.load(MODEL)
    await embed(client, 'first')
    expect(await workersOf(client)).toBe(1)
    const found = await untilHelped(client, 2)
    expect(found.map(({ shared }) => shared)).toEqual([true, true])
    await client.close()
    // For lone requests a second one does it, however many there may be.
    const many = open(4)
    await untilHelped(many, 2)
  })

  test('has all the workers that there are', async () => {
    const client = open(4)
    await until(async () => {
      await embed(
        client,
        Array.from({ length: 30 }, (_, index) => `${LONG} ${String(index)}`),
      )
      return (await workersOf(client)) === 4
    })
    await until(async () => {
      await expectRight(client)
      return (await workerReports(4)).filter(({ helped }) => helped > 100).length >= 3
    })
  })

  test('is answered rightly, and by one worker the less until another is up, when a helper ends in the middle', async () => {
    const client = open(2)
    const found = await untilHelped(client, 2)
    const helper = found.find(({ helped }) => helped > 100)!
    tellWorkers(`lose ${helper.name}`)
    await until(async () => {
      await expectRight(client)
      return !(await workerReports(async () => (await workersOf(client)) ?? 0)).some(
        ({ name }) => name === helper.name,
      )
    })
    expect((await untilHelped(client, 2)).some(({ name }) => name === helper.name)).toBe(false)
    expect((await client.models.status(MODEL)).error).toBeNull()
  })

  test('leaves nobody waiting when it is aborted or the model unloaded, and the next one is right', async () => {
    const client = open(2)
    await untilHelped(client, 2)
    for (let round = 0; round < 5; round++) {
      const aborted = new AbortController()
      const lone = embed(client, LONG, aborted.signal)
      setTimeout(() => {
        aborted.abort(new Error('given up'))
      }, round * 3)
      await expect(lone).rejects.toThrow('given up')
      await expectRight(client)
    }
    const lost = embed(client, LONG)
    await client.models.unload(MODEL)
    await lost.catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'worker_terminated' })
    })
    await untilHelped(client, 2)
  })
})

test('a helper whose answer is late helps with the runs that have begun meanwhile, and with those after them', async () => {
  const client = open(2)
  await untilHelped(client, 2)
  tellWorkers('delay')
  for (let round = 0; round < 10; round++) await expectRight(client)
  const tasks = async () => (await workerReports(2)).reduce((sum, { helped }) => sum + helped, 0)
  const before = await tasks()
  await until(async () => {
    await expectRight(client)
    return (await tasks()) > before + 1000
  })
})

test('a second request that comes meanwhile takes the helper, at once', async () => {
  const client = open(2)
  await untilHelped(client, 2)
  const short = QUERIES[0]!
  let before = 0
  // The long one takes ten times as long; it may be over where the machine had something else to do.
  while (before < 3) {
    const done: string[] = []
    const long = embed(client, LONG).then((vectors) => (done.push('long'), vectors))
    await new Promise((resolve) => setTimeout(resolve, 5))
    const second = embed(client, short).then((vectors) => (done.push('short'), vectors))
    expect(await Promise.all([long, second])).toEqual([[expected[2]], [expected[0]]])
    if (done[0] === 'short') before++
  }
})

test('two models have teams of their own', async () => {
  const client = open(2)
  const other = open(2)
  await Promise.all([untilWorkersHelp(client), untilWorkersHelp(other)])
  for (let round = 0; round < 10; round++) await Promise.all([expectRight(client), expectRight(other)])
  expect(await workerReports(4)).toHaveLength(4)
})

/** As `untilHelped`, where others are up as well. */
async function untilWorkersHelp(client: EmbeddingsClient): Promise<void> {
  await until(async () => {
    await expectRight(client)
    return (await workersOf(client)) === 2
  })
}

test('without shared memory nobody helps', async () => {
  const client = open(2, {
    createWorker: () =>
      new Worker(new URL('./services/no-shared-memory-service.ts', import.meta.url), { type: 'module' }),
  })
  for (let round = 0; round < 5; round++) await expectRight(client)
  expect(await workersOf(client)).toBe(1)
  expect((await workerReports(1))[0]?.helped).toBe(0)
})
