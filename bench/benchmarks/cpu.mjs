/**
 * The CPU encoder: how fast its builds are by themselves, how long a file takes to be packed, and the whole stack beside
 * transformers.js on the same file, text by text. Of each text the least of several times counts, libraries in turn, so
 * that a busy machine changes little.
 */

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { atMost, milliseconds } from '../runner/budgets.mjs'
import { openFrames, withBrowser } from '../runner/browser.mjs'
import { available, ours, oursOnHubFile, transformers } from '../runner/hosts.mjs'
import { hasHubModel, hubModel, repository } from '../runner/locations.mjs'
import { median } from '../runner/statistics.mjs'
import { passages, queries, tokensOf } from '../runner/texts.mjs'

/** Passages of mixed length: enough for a ratio, few enough for many repetitions. */
const PASSAGES = 32
const PER_CALL = 32
const QUERY_TOKENS = 12

const files = [
  { label: 'models/, int8', url: '/models/all-MiniLM-L6-v2/onnx/model_q8_wasm.onnx', pooled: true },
  {
    label: 'models/, the WebGPU graph',
    url: '/models/all-MiniLM-L6-v2/onnx/model_q8_webgpu.onnx',
    pooled: true,
  },
  ...(hasHubModel
    ? [{ label: "the hub's file", url: `/shared-models/${hubModel}/onnx/model_quantized.onnx`, pooled: false }]
    : []),
]

async function measureEncoder(context, origin, texts, query, repeats) {
  const page = await context.newPage()
  await page.goto(`${origin}/bench/encoder.html`)
  await page.waitForFunction(() => 'encoderBench' in globalThis)
  const loads = []
  for (const file of files) {
    const load = () => page.evaluate(({ url, pooled }) => globalThis.encoderBench.load(url, pooled), file)
    // Three times, as the first one also pays for compiling this very code.
    loads.push({ label: file.label, rounds: [await load(), await load(), await load()] })
  }
  const measure = (list, times) =>
    page.evaluate(([ids, count]) => globalThis.encoderBench.measure(ids, count), [list, times])
  const passageTimes = await measure(texts, repeats)
  const queryTimes = await measure([query], 20 * repeats)
  await page.close()
  return { loads, passageTimes, queryTimes }
}

const hosts = available([
  oursOnHubFile(),
  ours('ours-1', 'models/, workers: 1', { workers: 1 }),
  ours('ours-onnxruntime', "cpuRuntime: 'onnxruntime', workers: 1", { cpuRuntime: 'onnxruntime', workers: 1 }),
  transformers('peer', 'defaults'),
  transformers('peer-plain', '1 thread, WASM-only runtime', { threads: 1, build: '' }),
])

async function measureStack(context, origin, texts, repeats) {
  const frames = await openFrames(context, origin, hosts)
  const time = ({ id }, list, perCall) =>
    frames.get(id).evaluate(([input, size]) => globalThis.bench.time(input, size), [list, perCall])
  const oneByOne = new Map(hosts.map(({ id }) => [id, 0]))
  const inCalls = new Map(hosts.map(({ id }) => [id, Infinity]))
  for (const host of hosts) await time(host, texts, 1)
  for (const text of texts) {
    const least = new Map(hosts.map(({ id }) => [id, Infinity]))
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const host of hosts) {
        least.set(host.id, Math.min(least.get(host.id), await time(host, [text], 1)))
      }
    }
    for (const { id } of hosts) oneByOne.set(id, oneByOne.get(id) + least.get(id))
  }
  for (let repeat = 0; repeat < repeats; repeat++) {
    // In calls transformers.js takes the longest by far: once is enough.
    for (const host of hosts.filter(({ peer }) => !peer || repeat === 0)) {
      inCalls.set(host.id, Math.min(inCalls.get(host.id), await time(host, texts, PER_CALL)))
    }
  }
  return { oneByOne, inCalls }
}

function encoderTable({ loads, passageTimes, queryTimes }, tokens) {
  const [first] = Object.values(passageTimes)
  return {
    title: 'The encoder alone, one thread, one text at a time',
    columns: ['build', 'tokens/s', `one text of ${QUERY_TOKENS} tokens, ms`, '× the first line'],
    rows: Object.keys(passageTimes).map((name) => [
      name,
      (tokens / (passageTimes[name] / 1000)).toFixed(0),
      queryTimes[name].toFixed(2),
      `${(first / passageTimes[name]).toFixed(2)} ×`,
    ]),
    notes: loads.map(({ label, rounds }) => {
      const steps = ({ read, recognize, pack }) =>
        `${(read + recognize + pack).toFixed(0)} ms (read ${read.toFixed(0)}, recognise ${recognize.toFixed(0)}, pack ${pack.toFixed(0)})`
      return `${label}: file in memory → encoder ready, first time and after: ${rounds.map(steps).join(', ')}`
    }),
  }
}

function stackTable(isolated, { oneByOne, inCalls }) {
  const ratio = (times, id, peer) =>
    times.has(peer) ? `${(times.get(peer) / times.get(id)).toFixed(2)} ×` : '–'
  return {
    title: `The whole stack, ${isolated ? 'cross-origin isolated' : 'not isolated'}: ${PASSAGES} passages`,
    columns: [
      'case',
      'one by one, ms',
      `calls of ${PER_CALL}, ms`,
      '× transformers.js one by one',
      '× its 1 thread',
      `calls of ${PER_CALL}: × its one by one`,
      `× its calls of ${PER_CALL}`,
    ],
    rows: hosts.map(({ id, label }) => [
      label,
      oneByOne.get(id).toFixed(0),
      inCalls.get(id).toFixed(0),
      ratio(oneByOne, id, 'peer'),
      ratio(oneByOne, id, 'peer-plain'),
      oneByOne.has('peer') ? `${(oneByOne.get('peer') / inCalls.get(id)).toFixed(2)} ×` : '–',
      ratio(inCalls, id, 'peer'),
    ]),
    notes: ['each text: the least of several rounds, libraries in turn; transformers.js in calls: one round'],
  }
}

export const pageModes = ['bench']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer, plainServer, options, chosen, progress }) {
  const { texts, tokens } = passages(PASSAGES)
  const [query] = queries(1, QUERY_TOKENS)
  const alone = await withBrowser({}, (context) =>
    measureEncoder(context, isolatedServer.origin, texts.map(tokensOf), tokensOf(query), options.rounds),
  )
  const tables = [encoderTable(alone, tokens)]
  progress('the encoder alone')
  // The same as throughput's ratios, from so many repetitions that a busy machine changes little.
  const servers = chosen || options.thorough ? [isolatedServer, plainServer] : []
  for (const { origin, isolated } of servers) {
    const times = await withBrowser({}, (context) => measureStack(context, origin, texts, options.rounds))
    tables.push(stackTable(isolated, times))
    progress(`the whole stack, ${isolated ? 'isolated' : 'not isolated'}`)
  }
  if (servers.length === 0)
    tables[0].notes.push('the whole stack beside transformers.js, text by text: `npm run bench -- cpu`')
  const size = (build) => statSync(join(repository, `src/simd/encoder-${build}.wasm`)).size
  tables[0].notes.push(`WebAssembly: relaxed ${size('relaxed')} bytes, plain ${size('plain')} bytes`)
  const load = ({ read, recognize, pack }) => read + recognize + pack
  return {
    budgets: alone.loads.map(({ label, rounds }) =>
      atMost(`CPU encoder: file in memory → ready, ${label}`, 150, median(rounds.map(load)), milliseconds),
    ),
    tables,
    raw: { alone },
  }
}
