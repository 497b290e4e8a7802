/**
 * `npm run bench`: this library beside transformers.js, in a real Chromium. Prints tables and writes them to
 * bench/results/, all of them together in `summary.md` and `summary.json`. Asserts nothing about time.
 *
 *   npm run bench                              everything, in less than 20 minutes on two cores
 *   npm run bench -- throughput latency        only these; then `summary` stays as it is
 *   npm run bench -- quality --thorough        what everything leaves out for its time (quality, memory, throughput)
 *   npm run bench -- --help                    what there is, how long it takes, and what can be counted otherwise
 */

import { cpus } from 'node:os'
import process from 'node:process'
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
import { helpText, readOptions } from './runner/options.mjs'
import { report, reportSummary } from './runner/report.mjs'
import { serve } from './runner/serve.mjs'

/**
 * What a benchmark works with.
 *
 * @typedef {object} Surroundings
 * @property {Awaited<ReturnType<typeof serve>>} isolatedServer pages are cross-origin isolated
 * @property {Awaited<ReturnType<typeof serve>>} plainServer pages are not
 * @property {number} cores
 * @property {boolean} chosen true when it was asked for by name, and time does not matter
 * @property {import('./runner/options.mjs').Options} options
 * @property {(what: string) => void} progress prints what is done
 */

/** In their order; seconds as measured on two cores of an AMD EPYC. */
const benchmarks = [
  ['throughput', throughput, 'passages of mixed length, isolated and not, beside transformers.js', 320],
  ['latency', latency, 'one query through the whole stack, isolated and not', 85],
  ['queue', queue, 'a query while many texts are embedded; aborts', 60],
  ['start', start, 'opening a page to its first vector, first visit and later; bytes loaded', 95],
  ['size', size, 'JavaScript of each entry', 5],
  ['main-thread', mainThread, 'long tasks of the page', 20],
  ['cpu', cpu, 'the CPU encoder alone, and how long it takes to load', 20],
  ['native', native, 'native onnxruntime, where a Python has it', 45],
  ['profile', profile, 'where the time goes: onnxruntime by operator, the CPU encoder by function', 35],
  ['webgpu-counts', webgpuCounts, 'WebGPU calls of a forward pass, counted on SwiftShader', 100],
  ['transport', transport, '2,048 vectors from the worker to the page', 10],
  ['search', search, 'exact top 10 of 100,000 vectors', 40],
  ['memory', memory, 'after many requests, and after many loads and unloads', 100],
  ['quality', quality, 'vectors against fp32, alone and in company; STS-B and Cranfield', 95],
].map(([name, benchmark, about, seconds]) => ({ name, benchmark, about, seconds }))

function readCommandLine() {
  try {
    return readOptions(
      process.argv.slice(2),
      benchmarks.map(({ name }) => name),
    )
  } catch (error) {
    console.error(error.message)
    process.exit(2)
  }
}

const { help, names, options } = readCommandLine()
if (help) {
  console.log(helpText(benchmarks))
  process.exit(0)
}

const elapsed = (since) => (performance.now() - since) / 1000
const began = performance.now()
const chosen = benchmarks.filter(({ name }) => names.length === 0 || names.includes(name))
const environment = await describeEnvironment()
const pages = new Map()
for (const mode of new Set(chosen.flatMap(({ benchmark }) => benchmark.pageModes))) {
  pages.set(mode, await buildPages(mode))
}
console.log(`pages built after ${elapsed(began).toFixed(0)} s`)

const done = []
for (const [index, { name, benchmark, seconds: expected }] of chosen.entries()) {
  const isolatedServer = await serve(pages, { isolated: true })
  const plainServer = await serve(pages, { isolated: false })
  const since = performance.now()
  console.log(
    `\n${name}, ${index + 1} of ${chosen.length}; by default about ${expected} s; ${(elapsed(began) / 60).toFixed(1)} min so far`,
  )
  try {
    const surroundings = {
      isolatedServer,
      plainServer,
      cores: cpus().length,
      chosen: names.includes(name),
      options,
      progress: (what) => console.log(`  ${elapsed(since).toFixed(0)} s: ${what}`),
    }
    const outcome = { name, ...(await benchmark.run(surroundings)), seconds: elapsed(since) }
    done.push(outcome)
    report(environment, outcome)
  } catch (error) {
    // The others still have something to say; the command fails in the end.
    console.error(error)
    process.exitCode = 1
    const what = `${name}: failed`
    const row = { what, budget: '', measured: String(error.message ?? error).split('\n')[0], met: false }
    done.push({ name, tables: [], budgets: [row], raw: null, seconds: elapsed(since) })
  } finally {
    await isolatedServer.close()
    await plainServer.close()
  }
  console.log(`${name}: ${elapsed(since).toFixed(0)} s`)
}
if (chosen.length > 1) reportSummary(environment, done, { write: names.length === 0, total: elapsed(began) })
