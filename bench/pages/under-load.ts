/** Queries by themselves, then while many texts are embedded. */

/** Milliseconds. */
export interface UnderLoad {
  /** Each query before the bulk request. */
  alone: number[]
  bulk: number
  /** Each query that was asked while the bulk request ran, however long it had to wait. */
  queries: number[]
}

/** What a library does for a page. */
interface Calls {
  bulk(texts: readonly string[]): Promise<unknown>
  query(text: string): Promise<unknown>
}

/** Between two queries, as if someone typed; in milliseconds. */
const BETWEEN = 20
/** Until the bulk request's first batches run, in milliseconds. */
const HEAD_START = 300

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Milliseconds that the work takes. */
export async function timed(work: Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work
  return performance.now() - start
}

export async function measureUnderLoad(
  calls: Calls,
  bulk: readonly string[],
  queries: readonly string[],
): Promise<UnderLoad> {
  const askWhile = async (goOn: () => boolean): Promise<number[]> => {
    const taken: number[] = []
    for (const query of queries) {
      if (!goOn()) break
      taken.push(await timed(calls.query(query)))
      await pause(BETWEEN)
    }
    return taken
  }
  const alone = await askWhile(() => true)
  let running = true
  const request = timed(calls.bulk(bulk)).finally(() => {
    running = false
  })
  await pause(HEAD_START)
  const beside = await askWhile(() => running)
  return { alone, bulk: await request, queries: beside }
}
