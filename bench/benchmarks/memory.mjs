/** Memory after loading, after many requests, and after many loads and unloads. */

import { openPage, pageAddress, withBrowser } from '../runner/browser.mjs'
import { available, ours, transformers } from '../runner/hosts.mjs'
import { passages, queries } from '../runner/texts.mjs'
import { askThreads } from '../runner/threads.mjs'

/** Measures the heap at once instead of at the next collection. */
const FLAGS = ['--enable-blink-features=ForceEagerMeasureMemory', '--js-flags=--expose-gc']
const TOKENS = 12
const TEXTS = 200
/** What may grow without anything being kept: the engine's own caches and counters. */
const FLAT = 2 * 2 ** 20

const hosts = available([
  ours('ours', 'defaults'),
  ours('ours-onnxruntime', "cpuRuntime: 'onnxruntime', workers: 1", { cpuRuntime: 'onnxruntime', workers: 1 }),
  transformers('peer', 'defaults'),
]).map((host) => ({ ...host, mode: 'memory', page: host.peer ? 'transformers.html' : 'memory.html' }))

/** JavaScript heaps with buffers of page and workers, and WebAssembly memory by thread. */
async function measureMemory(page) {
  const heap = await page.evaluate(async () => {
    const scriptName = (url) => /([\w-]+?)-[\w-]{8}\.js/.exec(url)?.[1] ?? url
    globalThis.gc()
    const { bytes, breakdown } = await performance.measureUserAgentSpecificMemory()
    const parts = breakdown
      .filter((part) => part.bytes > 0)
      .map(({ bytes: size, types, attribution }) => ({
        size,
        types,
        // A worker is known by its script.
        threads: attribution.map(({ scope, url }) => (scope === 'Window' ? 'page' : scriptName(url ?? scope))),
      }))
    return { bytes, parts }
  })
  const threads = await askThreads(page, 'wasm-memory')
  // The browser counts shared WebAssembly memory, and no other, among the heaps.
  const shared = threads.reduce((sum, { sharedBytes }) => sum + sharedBytes, 0)
  return {
    heap: heap.bytes - shared,
    parts: heap.parts,
    threads,
    wasm: threads.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

async function soak({ origin, host, marks, cycles, progress }, { texts, bulk }) {
  return withBrowser({ args: FLAGS }, async (context) => {
    const page = await openPage(context, pageAddress(host, origin), 'bench')
    const request = (count) =>
      page.evaluate(
        async ([list, times]) => {
          const all = Array.from({ length: times }, (_, index) => list[index % list.length])
          await globalThis.bench.time(all, 1)
        },
        [texts, count],
      )
    const points = []
    const mark = async (label) => {
      points.push({ label, ...(await measureMemory(page)) })
      progress(`${host.label}: ${label}`)
    }
    // The engine compiles for good what has run for a while.
    await request(20)
    await mark('after loading')
    let done = 0
    for (const count of marks) {
      await request(count - done)
      done = count
      await mark(`after ${count.toLocaleString('en')} requests`)
    }
    if (host.peer) return points
    await page.evaluate(() => globalThis.cycleLoads(5))
    await mark('after 5 loads and unloads')
    await page.evaluate((count) => globalThis.cycleLoads(count), cycles - 5)
    await mark(`after ${cycles} loads and unloads`)
    // Last, as it starts every worker that the client may have.
    await page.evaluate((list) => globalThis.bench.time(list, list.length).then(() => undefined), bulk)
    await mark(`after a call of ${bulk.length} passages`)
    return points
  })
}

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`

const list = (sizes) => sizes.map(([thread, bytes]) => `${thread} ${mebibytes(bytes)}`).join(', ') || '–'

const wasmByThread = ({ threads }) => list(threads.map(({ thread, bytes }) => [thread, bytes]))

/** What the browser can ascribe to a thread; the same kind of worker together. */
function heapsByThread({ parts, threads }) {
  const sums = new Map()
  const add = (thread, bytes) => sums.set(thread, (sums.get(thread) ?? 0) + bytes)
  for (const { size, threads: owners } of parts) if (owners.length > 0) add(owners[0], size)
  for (const { thread, sharedBytes } of threads) if (sums.has(thread)) add(thread, -sharedBytes)
  return list([...sums].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** From one mark to a later one, JavaScript and WebAssembly together. */
function flatness(points, from, to) {
  const at = (start) => points.find(({ label }) => label.startsWith(start))
  const total = ({ heap, wasm }) => heap + wasm
  const growth = total(at(to)) - total(at(from))
  return {
    what: `memory: growth from ${at(from).label.slice(6)} to ${at(to).label.slice(6)}`,
    budget: 'flat',
    measured: mebibytes(growth),
    met: growth <= FLAT,
  }
}

export const pageModes = ['memory']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer: { origin }, options, progress }) {
  const texts = queries(TEXTS, TOKENS)
  const bulk = passages(options.texts).texts
  const outcomes = []
  for (const host of hosts) {
    // The others take several times as long for each request and load.
    const short = host.id !== 'ours' && !options.thorough
    const requests = short ? options['peer-requests'] : options.requests
    const marks = [...[100, 1000, 10_000].filter((count) => count < requests), requests]
    const cycles = short ? Math.min(10, options.cycles) : options.cycles
    outcomes.push({ host, points: await soak({ origin, host, marks, cycles, progress }, { texts, bulk }) })
  }
  const own = outcomes[0].points
  const most = options.requests.toLocaleString('en')
  return {
    budgets: [
      flatness(
        own,
        own.some(({ label }) => label.startsWith('after 1,000')) ? 'after 1,000' : 'after loading',
        `after ${most}`,
      ),
      flatness(own, 'after 5 loads', `after ${options.cycles} loads`),
    ],
    tables: [
      {
        title: 'Memory',
        columns: ['case', 'when', 'JavaScript heaps and buffers', 'by thread', 'WebAssembly', 'by thread'],
        rows: outcomes.flatMap(({ host, points }) =>
          points.map((point) => [
            host.label,
            point.label,
            mebibytes(point.heap),
            heapsByThread(point),
            mebibytes(point.wasm),
            wasmByThread(point),
          ]),
        ),
        notes: [
          'heaps: measureUserAgentSpecificMemory over page and workers, without WebAssembly memory; WebAssembly: the buffers of ' +
            'the memories that a thread holds',
          'memory that workers share is counted by the browser in two threads, and so once too often among these heaps',
          `requests of ${TOKENS} tokens, one at a time; flat: grows by less than ${mebibytes(FLAT)}`,
          ...(options.thorough ? [] : ['as many for every case: `npm run bench -- memory --thorough`']),
        ],
      },
    ],
    raw: outcomes.map(({ host, points }) => ({ id: host.id, points })),
  }
}
