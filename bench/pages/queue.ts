/** This library while a request of many texts runs in the background: queries beside it, and its abort. */

import { EmbeddingsClient } from 'browser-embeddings'
import type { EmbeddingsClientOptions } from 'browser-embeddings'

/** Queries beside a bulk request, in one page. */
export interface UnderLoad {
  /** Milliseconds of the bulk request. */
  bulk: number
  /** Milliseconds of each query that was asked while it ran. */
  queries: number[]
}

interface QueueBench {
  /** Loads the model, starts every worker, and lets the engine compile. */
  warmUp(texts: readonly string[]): Promise<void>
  underLoad(bulk: readonly string[], queries: readonly string[]): Promise<UnderLoad>
  /**
   * Aborts a bulk request after some milliseconds and asks one query at once.
   *
   * @returns Unix times of the abort and of the query's answer, in milliseconds, and what the query took
   */
  abort(
    bulk: readonly string[],
    after: number,
    query: string,
  ): Promise<{ abortedAt: number; answeredAt: number; rejected: number; query: number }>
}

declare global {
  var queueBench: QueueBench
}

interface Setting {
  model: string
  options: EmbeddingsClientOptions
}

const { model, options } = JSON.parse(new URLSearchParams(location.search).get('setting') ?? '{}') as Setting
const client = new EmbeddingsClient(options)
const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

async function timed(work: Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work
  return performance.now() - start
}

globalThis.queueBench = {
  async warmUp(texts) {
    await client.embeddings.create({ model, input: [...texts] })
  },
  async underLoad(bulk, queries) {
    let running = true
    const request = timed(
      client.embeddings.create({ model, input: [...bulk] }, { priority: 'background' }),
    ).finally(() => {
      running = false
    })
    // So long until its first batches run.
    await pause(300)
    const taken: number[] = []
    for (const query of queries) {
      if (!running) break
      const took = await timed(client.embeddings.create({ model, input: query }))
      // Asked while the bulk ran: it counts, however long it had to wait.
      taken.push(took)
      await pause(20)
    }
    return { bulk: await request, queries: taken }
  },
  async abort(bulk, after, query) {
    const controller = new AbortController()
    const request = client.embeddings.create({ model, input: [...bulk] }, { signal: controller.signal })
    const start = performance.now()
    const outcome = request.then(
      () => 'answered',
      () => 'aborted',
    )
    await pause(after)
    controller.abort()
    const abortedAt = performance.timeOrigin + performance.now()
    const settled = outcome.then(() => performance.now() - start - after)
    const taken = await timed(client.embeddings.create({ model, input: query }))
    const answeredAt = performance.timeOrigin + performance.now()
    if ((await outcome) !== 'aborted') throw new Error('the request was answered before it was aborted')
    return { abortedAt, answeredAt, rejected: await settled, query: taken }
  },
}
