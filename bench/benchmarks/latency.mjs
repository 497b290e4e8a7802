/** One query of 12 tokens through the whole stack, from the call in the page to the vector in the page. */

import { atMost, times } from '../runner/budgets.mjs'
import { openFrames, pause, withBrowser } from '../runner/browser.mjs'
import { available, ours, oursOnHubFile, plainOnnxruntime, transformers } from '../runner/hosts.mjs'
import { median, percentiles } from '../runner/statistics.mjs'
import { queries } from '../runner/texts.mjs'

const TOKENS = 12
const WARM_UP_CALLS = 10
/** Milliseconds between two calls: a thread pool that has just run spins for a while. */
const REST = 15

function hostsOf(isolated, cores) {
  return available([
    ours('ours', 'defaults'),
    ours('ours-1', 'workers: 1', { workers: 1 }),
    ours('ours-onnxruntime', "cpuRuntime: 'onnxruntime'", { cpuRuntime: 'onnxruntime' }),
    oursOnHubFile(),
    plainOnnxruntime(1),
    transformers('peer', 'defaults'),
    ...(isolated ? [transformers('peer-threads', `${cores} threads`, { threads: cores })] : []),
    transformers('peer-plain', '1 thread, WASM-only runtime', { threads: 1, build: '' }),
  ])
}

async function measure(context, origin, hosts, calls) {
  const frames = await openFrames(context, origin, hosts)
  const time = (id, text) => frames.get(id).evaluate((one) => globalThis.bench.time([one], 1), text)
  const texts = queries(calls + WARM_UP_CALLS, TOKENS)
  const milliseconds = new Map(hosts.map(({ id }) => [id, []]))
  for (const [index, text] of texts.entries()) {
    for (const { id } of hosts) {
      const taken = await time(id, text)
      if (index >= WARM_UP_CALLS) milliseconds.get(id).push(taken)
      await pause(REST)
    }
  }
  return milliseconds
}

function tableOf(hosts, calls, isolated, milliseconds) {
  const p50 = (id) => median(milliseconds.get(id))
  const peers = hosts.filter(({ peer }) => peer).map(({ id }) => p50(id))
  const share = (value, reference) => (Number.isFinite(reference) ? (value / reference).toFixed(2) : '–')
  return {
    title: `Latency, ${isolated ? 'cross-origin isolated' : 'not isolated'}: one query of ${TOKENS} tokens`,
    columns: ['case', 'p50 ms', 'p95 ms', 'p99 ms', 'p50 ÷ transformers.js defaults', 'p50 ÷ its best setting'],
    rows: hosts.map(({ id, label }) => {
      const times = milliseconds.get(id)
      return [
        label,
        ...percentiles(times, 2),
        share(p50(id), milliseconds.has('peer') ? p50('peer') : NaN),
        share(p50(id), Math.min(...peers)),
      ]
    }),
    notes: [`${calls} calls each, all with different texts, the libraries in turn call by call`],
  }
}

export const pageModes = ['bench']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer, plainServer, cores, options, progress }) {
  const tables = []
  const budgets = []
  const raw = []
  for (const { origin, isolated } of [isolatedServer, plainServer]) {
    const hosts = hostsOf(isolated, cores)
    const milliseconds = await withBrowser({}, (context) => measure(context, origin, hosts, options.calls))
    progress(`${isolated ? 'isolated' : 'not isolated'}: ${options.calls} calls of ${hosts.length} settings`)
    tables.push(tableOf(hosts, options.calls, isolated, milliseconds))
    const ratio = median(milliseconds.get('ours')) / median(milliseconds.get('peer') ?? [])
    const where = isolated ? 'isolated' : 'not isolated'
    budgets.push(
      atMost(`one query through the whole stack, p50, ${where}, to transformers.js`, 0.5, ratio, times),
      atMost("the CPU encoder's goal for that", 1 / 6, ratio, times),
    )
    raw.push({ isolated, milliseconds: Object.fromEntries(milliseconds) })
  }
  return { tables, budgets, raw }
}
