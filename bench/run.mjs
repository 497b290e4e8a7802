/**
 * `npm run bench`: this library beside transformers.js, in a real Chromium. Prints tables and writes them to
 * bench/results/. Asserts nothing about time.
 *
 *   npm run bench                              everything
 *   npm run bench -- throughput latency        only these
 *   npm run bench -- throughput --texts 2048   more passages; --rounds, --calls and --start-rounds likewise
 */

import { cpus } from 'node:os'
import process from 'node:process'
import { parseArgs } from 'node:util'
import * as cpu from './benchmarks/cpu.mjs'
import * as latency from './benchmarks/latency.mjs'
import * as mainThread from './benchmarks/main-thread.mjs'
import * as start from './benchmarks/start.mjs'
import * as throughput from './benchmarks/throughput.mjs'
import * as webgpuCounts from './benchmarks/webgpu-counts.mjs'
import { buildPages } from './runner/build-pages.mjs'
import { describeEnvironment } from './runner/environment.mjs'
import { report } from './runner/report.mjs'
import { serve } from './runner/serve.mjs'

/**
 * What a benchmark works with.
 *
 * @typedef {object} Surroundings
 * @property {Awaited<ReturnType<typeof serve>>} isolatedServer pages are cross-origin isolated
 * @property {Awaited<ReturnType<typeof serve>>} plainServer pages are not
 * @property {number} cores
 * @property {{ texts: number, rounds: number, calls: number, startRounds: number }} options
 */

const benchmarks = new Map([
  ['throughput', throughput],
  ['latency', latency],
  ['start', start],
  ['main-thread', mainThread],
  ['cpu', cpu],
  ['webgpu-counts', webgpuCounts],
])

const { values, positionals } = parseArgs({
  options: {
    texts: { type: 'string', default: '256' },
    rounds: { type: 'string', default: '3' },
    calls: { type: 'string', default: '200' },
    'start-rounds': { type: 'string', default: '5' },
  },
  allowPositionals: true,
})

/** @param {keyof typeof values} name of an option that counts something */
function count(name) {
  const value = Number(values[name])
  if (Number.isInteger(value) && value > 0) return value
  console.error(`--${name} must be a positive integer; got ${values[name]}`)
  process.exit(2)
}

const options = {
  texts: count('texts'),
  rounds: count('rounds'),
  calls: count('calls'),
  startRounds: count('start-rounds'),
}
const unknown = positionals.filter((name) => !benchmarks.has(name))
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are ${[...benchmarks.keys()].join(', ')}`)
  process.exit(2)
}

const chosen = [...benchmarks].filter(([name]) => positionals.length === 0 || positionals.includes(name))
const environment = await describeEnvironment()
const pages = new Map()
for (const [name, benchmark] of chosen) {
  if (!pages.has(benchmark.pageMode)) pages.set(benchmark.pageMode, await buildPages(benchmark.pageMode))
  const folder = pages.get(benchmark.pageMode)
  const isolatedServer = await serve(folder, { isolated: true })
  const plainServer = await serve(folder, { isolated: false })
  try {
    console.log(`\n${name} …`)
    const surroundings = { isolatedServer, plainServer, cores: cpus().length, options }
    report(name, environment, await benchmark.run(surroundings))
  } finally {
    await isolatedServer.close()
    await plainServer.close()
  }
}
