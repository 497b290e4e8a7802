/** What a query waits while many texts are embedded, and what is still done for a request that was aborted. */

import { atMost, whole } from '../runner/budgets.mjs'
import { openPage, pageAddress, pause, withBrowser } from '../runner/browser.mjs'
import { available, ours, transformers } from '../runner/hosts.mjs'
import { median, percentiles } from '../runner/statistics.mjs'
import { passages, queries } from '../runner/texts.mjs'
import { askThreads } from '../runner/threads.mjs'

const TOKENS = 12
/** Each aborts at another moment of the request. */
const ABORTS = 5

const onQueuePage = (host) => ({
  ...host,
  page: host.peer ? 'peer-queue.html' : 'queue.html',
  handle: host.peer ? 'peerQueueBench' : 'queueBench',
})

const hosts = available([
  ours('ours', "defaults, priority: 'background'"),
  transformers('peer', 'defaults, in a worker'),
]).map(onQueuePage)

async function underLoad(origin, host, bulk, asked) {
  return withBrowser({}, async (context) => {
    const page = await openPage(context, pageAddress(host, origin), host.handle)
    const call = (method, ...given) =>
      page.evaluate(([name, key, list]) => globalThis[name][key](...list), [host.handle, method, given])
    await call('warmUp', [...bulk.slice(0, 32), ...asked.slice(0, 4)])
    return call('underLoad', bulk, asked)
  })
}

/** Batches that inference workers were told to run after an abort, until the next query was answered. */
async function afterAbort(origin, bulk, query) {
  const host = { ...onQueuePage(ours('ours', 'defaults')), mode: 'counts' }
  return withBrowser({}, async (context) => {
    const page = await openPage(context, pageAddress(host, origin), host.handle)
    await page.evaluate((list) => globalThis.queueBench.warmUp(list), bulk.slice(0, 32))
    const aborts = []
    for (let abort = 0; abort < ABORTS; abort++) {
      const outcome = await page.evaluate(
        ([list, after, text]) => globalThis.queueBench.abort(list, after, text),
        [bulk, 400 + 37 * abort, query],
      )
      await pause(1000)
      const starts = (await askThreads(page, 'run-starts')).flatMap((answer) => answer.starts)
      const since = starts.filter((start) => start > outcome.abortedAt)
      // The query itself is one of them.
      aborts.push({ ...outcome, before: starts.length - since.length, after: since.length - 1 })
    }
    return aborts
  })
}

export const pageModes = ['bench', 'counts']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer, options, progress }) {
  const { origin } = isolatedServer
  const many = passages(options['large-texts']).texts
  const asked = queries(options.calls, TOKENS)
  const rows = []
  const raw = []
  for (const host of hosts) {
    // A quarter of a minute is enough of a wait to see that a query waits for all of it.
    const bulk = host.peer ? many.slice(0, options['peer-sample']) : many
    const outcome = await underLoad(origin, host, bulk, asked)
    raw.push({ id: host.id, texts: bulk.length, ...outcome })
    const cells = (list) => [String(list.length), ...percentiles(list, 1)]
    rows.push([host.label, 'alone', ...cells(outcome.alone)])
    const load = `beside ${bulk.length} texts, ${(outcome.bulk / 1000).toFixed(1)} s`
    rows.push([host.label, load, ...cells(outcome.queries)])
    progress(`${host.label}: ${load}`)
  }
  const aborts = await afterAbort(origin, many, asked[0])
  const worst = Math.max(...aborts.map(({ after }) => after))
  return {
    budgets: [atMost('batches begun after an abort', 1, worst, whole(''))],
    tables: [
      {
        title: `Latency under load: a query of ${TOKENS} tokens while many texts are embedded`,
        columns: ['case', 'when', 'queries', 'p50 ms', 'p95 ms', 'p99 ms'],
        rows,
        notes: [
          'cross-origin isolated; one query at a time, 20 ms between them, from 300 ms after the bulk request began',
          'transformers.js embeds the bulk text by text in its worker, and has no priorities',
        ],
      },
      {
        title: `Abort: a request of ${many.length} texts`,
        columns: ['', 'median', 'worst'],
        rows: [
          ['batches begun before the abort', 'before', 'digits'],
          ['batches begun after it', 'after', 'digits'],
          ['next query, ms', 'query', ''],
        ].map(([label, key, kind]) => {
          const values = aborts.map((abort) => abort[key])
          const digits = kind === 'digits' ? 0 : 1
          return [label, median(values).toFixed(digits), Math.max(...values).toFixed(digits)]
        }),
        notes: [
          `${ABORTS} aborts at different moments; counted in the inference workers; the first line counts from the page's start`,
        ],
      },
    ],
    raw: { underLoad: raw, aborts },
  }
}
