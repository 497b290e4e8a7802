/** This library while a request of many texts runs in the background: queries beside it, and its abort. */

import { client, model } from './our-client.ts'
import { measureUnderLoad, pause, timed, type UnderLoad } from './under-load.ts'

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

globalThis.queueBench = {
  async warmUp(texts) {
    await client.embeddings.create({ model, input: [...texts] })
  },
  underLoad: (bulk, queries) =>
    measureUnderLoad(
      {
        bulk: (texts) => client.embeddings.create({ model, input: [...texts] }, { priority: 'background' }),
        query: (input) => client.embeddings.create({ model, input }),
      },
      bulk,
      queries,
    ),
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
