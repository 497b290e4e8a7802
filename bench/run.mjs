/**
 * `npm run bench`: this library beside transformers.js, in a real Chromium. Prints tables and writes them to
 * bench/results/, all of them together in `summary.md` and `summary.json`. Asserts nothing about time.
 *
 *   npm run bench                              everything, in less than 20 minutes on two cores
 *   npm run bench -- throughput latency        only these; then `summary` stays as it is
 *   npm run bench -- quality --thorough        what everything leaves out for its time (quality, memory, throughput)
 *   npm run bench -- throughput --texts 512    other counts: --rounds, --calls, --large-texts, …; see below
 *   BENCH_PYTHON=python3 npm run bench -- native   beside native onnxruntime, with a Python that has it
 */

import { cpus } from 'node:os'
import process from 'node:process'
import { parseArgs } from 'node:util'
import * as cpu from './benchmarks/cpu.mjs'
import * as latency from './benchmarks/latency.mjs'
import * as mainThread from './benchmarks/main-thread.mjs'
import * as memory from './benchmarks/memory.mjs'
import * as native from './benchmarks/native.mjs'
import * as profile from './benchmarks/profile.mjs'
import * as quality from './benchmarks/quality.mjs'
import * as queue from './benchmarks/queue.mjs'
import * as search from './benchmarks/search.mjs'
import * as size from './benchmarks/size.mjs'
import * as start from './benchmarks/start.mjs'
import * as throughput from './benchmarks/throughput.mjs'
import * as transport from './benchmarks/transport.mjs'
import * as webgpuCounts from './benchmarks/webgpu-counts.mjs'
import { buildPages } from './runner/build-pages.mjs'
import { describeEnvironment } from './runner/environment.mjs'
import { report, reportSummary } from './runner/report.mjs'
import { serve } from './runner/serve.mjs'

/**
 * What a benchmark works with.
 *
 * @typedef {object} Surroundings
 * @property {Awaited<ReturnType<typeof serve>>} isolatedServer pages are cross-origin isolated
 * @property {Awaited<ReturnType<typeof serve>>} plainServer pages are not
 * @property {number} cores
 * @property {Record<keyof typeof counts, number> & { thorough: boolean }} options
 */

const benchmarks = new Map([
  ['throughput', throughput],
  ['latency', latency],
  ['queue', queue],
  ['start', start],
  ['size', size],
  ['main-thread', mainThread],
  ['cpu', cpu],
  ['native', native],
  ['profile', profile],
  ['webgpu-counts', webgpuCounts],
  ['transport', transport],
  ['search', search],
  ['memory', memory],
  ['quality', quality],
])

/** What can be counted otherwise: name of the option, and its default. */
const counts = {
  /** Passages that all settings embed; rounds of everything that runs in rounds. */
  texts: 256,
  rounds: 3,
  /** Passages that few settings embed, once; transformers.js takes an even sample of them. */
  'large-texts': 2048,
  'peer-sample': 256,
  /** Queries for latency, and under load. */
  calls: 200,
  'start-rounds': 5,
  /** Requests and load/unload cycles for memory; transformers.js makes fewer requests. */
  requests: 10_000,
  'peer-requests': 1000,
  cycles: 50,
  /** Rows to search. */
  rows: 100_000,
}

const { values, positionals } = parseArgs({
  options: {
    ...Object.fromEntries(Object.keys(counts).map((name) => [name, { type: 'string' }])),
    thorough: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})

/** @param {string} name of an option that counts something */
function count(name) {
  const value = Number(values[name] ?? counts[name])
  if (Number.isInteger(value) && value > 0) return value
  console.error(`--${name} must be a positive integer; got ${values[name]}`)
  process.exit(2)
}

const options = {
  ...Object.fromEntries(Object.keys(counts).map((name) => [name, count(name)])),
  thorough: values.thorough,
}
const unknown = positionals.filter((name) => !benchmarks.has(name))
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are ${[...benchmarks.keys()].join(', ')}`)
  process.exit(2)
}

const seconds = (since) => (performance.now() - since) / 1000
const began = performance.now()
const chosen = [...benchmarks].filter(([name]) => positionals.length === 0 || positionals.includes(name))
const environment = await describeEnvironment()
const pages = new Map()
for (const mode of new Set(chosen.flatMap(([, { pageModes }]) => pageModes))) {
  pages.set(mode, await buildPages(mode))
}
console.log(`pages built after ${seconds(began).toFixed(0)} s`)

const done = []
for (const [name, benchmark] of chosen) {
  const isolatedServer = await serve(pages, { isolated: true })
  const plainServer = await serve(pages, { isolated: false })
  const since = performance.now()
  try {
    console.log(`\n${name} …`)
    const surroundings = { isolatedServer, plainServer, cores: cpus().length, options }
    const outcome = { name, ...(await benchmark.run(surroundings)), seconds: seconds(since) }
    done.push(outcome)
    report(environment, outcome)
  } catch (error) {
    // The others still have something to say; the command fails in the end.
    console.error(error)
    process.exitCode = 1
    const what = `${name}: failed`
    const row = { what, budget: '', measured: String(error.message ?? error).split('\n')[0], met: false }
    done.push({ name, tables: [], budgets: [row], raw: null, seconds: seconds(since) })
  } finally {
    await isolatedServer.close()
    await plainServer.close()
  }
  console.log(`${name}: ${seconds(since).toFixed(0)} s; ${(seconds(began) / 60).toFixed(1)} min in all`)
}
if (chosen.length > 1)
  reportSummary(environment, done, { write: positionals.length === 0, total: seconds(began) })
