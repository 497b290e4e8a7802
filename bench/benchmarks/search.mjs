/** Exact top 10 of 100,000 vectors on one core: this library's index, plain JavaScript, and Orama. */

import { atLeast, atMost, figures, milliseconds, times } from '../runner/budgets.mjs'
import { openPage, withBrowser } from '../runner/browser.mjs'
import { median, quantile } from '../runner/statistics.mjs'

const TOP = 10
const QUERIES = 60
/** The first ones compile. */
const WARM_UP = 10
const WIDTH = 384

const ways = [
  { way: 'index', label: 'this library, VectorIndex' },
  { way: 'float', label: 'plain JavaScript over a Float32Array' },
  { way: 'orama', label: 'Orama 3.1.18' },
]

/** Measures the heap at once instead of at the next collection. */
const FLAGS = ['--enable-blink-features=ForceEagerMeasureMemory']

/** What shares a page is asked in turn, so that ratios hold on a busy machine. Orama's objects would slow the others. */
const PAGES = [['index', 'float'], ['orama']]

async function searchIn(origin, names, rows) {
  return withBrowser({ args: FLAGS }, async (context) => {
    const page = await openPage(context, `${origin}/bench/search.html`, 'searchBench')
    const source = await page.evaluate(
      ([count, queries]) => globalThis.searchBench.prepare(count, queries),
      [rows, QUERIES],
    )
    const times = await page.evaluate(([asked, top]) => globalThis.searchBench.run(asked, top), [names, TOP])
    return names.map((name, i) => [name, { source, ...times[i] }])
  })
}

/** Share of the rows that an exact search over floats finds. */
function recall(found, exact) {
  const shares = found.map((rows, query) => rows.filter((row) => exact[query].includes(row)).length / TOP)
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}

export const pageModes = ['bench']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer: { origin }, options }) {
  const outcomes = new Map()
  for (const names of PAGES) {
    for (const [way, outcome] of await searchIn(origin, names, options.rows)) outcomes.set(way, outcome)
  }
  const exact = outcomes.get('float').found
  const timesOf = (way) => outcomes.get(way).milliseconds.slice(WARM_UP)
  const perDimension = (way) => outcomes.get(way).bytes / (options.rows * WIDTH)
  const count = options.rows.toLocaleString('en')
  return {
    budgets: [
      atMost(`exact top-10 of ${count} × ${WIDTH}, p50 on one core`, 8, median(timesOf('index')), milliseconds),
      atMost('its memory: bytes a dimension', 1, perDimension('index'), figures(3)),
      atLeast(
        'its recall@10 against float exact',
        0.99,
        recall(outcomes.get('index').found, exact),
        figures(3),
      ),
    ],
    tables: [
      {
        title: `Search: top ${TOP} of ${count} × ${WIDTH}, one thread`,
        columns: [
          'way',
          'p50 ms',
          'p95 ms',
          'recall@10',
          'bytes a dimension, beside the floats',
          'built in, ms',
        ],
        rows: ways.map(({ way, label }) => [
          label,
          quantile(timesOf(way), 0.5).toFixed(1),
          quantile(timesOf(way), 0.95).toFixed(1),
          recall(outcomes.get(way).found, exact).toFixed(3),
          perDimension(way).toFixed(3),
          outcomes.get(way).built.toFixed(0),
        ]),
        notes: [
          `${outcomes.get('index').source}; ${QUERIES - WARM_UP} queries made likewise`,
          'a row takes its dimensions in bytes and nothing else; the rest is the kernel and its 128 kB, once for all indexes',
          `plain JavaScript, asked in turn with it, takes ${times(median(timesOf('float')) / median(timesOf('index')))} as long as the index`,
        ],
      },
    ],
    raw: Object.fromEntries(outcomes),
  }
}
