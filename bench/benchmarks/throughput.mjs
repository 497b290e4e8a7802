/** 256 real passages of mixed length: seconds and tokens a second, isolated and not. */

import { idleCpu, openFrames, pause, withBrowser } from '../runner/browser.mjs'
import { available, ours, oursOnHubFile, transformers } from '../runner/hosts.mjs'
import { ratioCell, spread } from '../runner/statistics.mjs'
import { passages } from '../runner/texts.mjs'

/** Milliseconds between two cases, for thread pools to fall asleep. */
const REST = 300
const PER_CALL = 32

/** @typedef {{ host: import('../runner/hosts.mjs').Host, perCall: number, label: string, id: string }} Case */

/** @returns {Case} */
const inCalls = (host, perCall, how) => ({
  host,
  perCall,
  label: `${host.label}, ${how}`,
  id: `${host.id}/${perCall}`,
})

/** @returns {Case[]} in the order of a round */
function casesOf(isolated, count, cores) {
  const standard = ours('ours', 'defaults')
  const peer = transformers('peer', 'defaults')
  const hosts = [
    standard,
    ours('ours-workers', `workers: ${cores}, threads: 1`, { workers: cores, threads: 1 }),
    ...(isolated
      ? [ours('ours-threads', `workers: 1, threads: ${cores}`, { workers: 1, threads: cores })]
      : []),
    ours('ours-single', 'workers: 1, threads: 1', { workers: 1, threads: 1 }),
    ours('ours-onnxruntime', "cpuRuntime: 'onnxruntime'", { cpuRuntime: 'onnxruntime' }),
    oursOnHubFile(),
  ]
  const peers = [
    peer,
    ...(isolated ? [transformers('peer-threads', `${cores} threads`, { threads: cores })] : []),
    transformers('peer-plain', '1 thread, WASM-only runtime', { threads: 1, build: '' }),
  ]
  const runnable = new Set(available([...hosts, ...peers]))
  return [
    ...hosts.map((host) => inCalls(host, count, `one call of ${count}`)),
    inCalls(standard, PER_CALL, `calls of ${PER_CALL}`),
    ...peers.map((host) => inCalls(host, 1, 'one by one')),
    inCalls(peer, PER_CALL, `calls of ${PER_CALL}`),
  ].filter(({ host }) => runnable.has(host))
}

/** Cosine of what two hosts answer: that both did the same work. */
function meanCosine(left, right) {
  const cosines = left.map((row, index) =>
    row.reduce((sum, value, column) => sum + value * right[index][column], 0),
  )
  return cosines.reduce((sum, value) => sum + value, 0) / cosines.length
}

async function measure(context, origin, cases, { texts, rounds }) {
  const hosts = [...new Set(cases.map(({ host }) => host))]
  const frames = await openFrames(context, origin, hosts)
  const run = ({ host, perCall }, input) =>
    frames.get(host.id).evaluate(([list, size]) => globalThis.bench.time(list, size), [input, perCall])

  // Loads every library, starts every worker, and lets the engine compile.
  for (const one of cases) await run(one, texts.slice(0, 2 * PER_CALL))
  const idle = await idleCpu(context)

  const milliseconds = new Map(cases.map(({ id }) => [id, []]))
  for (let round = 0; round < rounds; round++) {
    for (const one of cases) {
      milliseconds.get(one.id).push(await run(one, texts))
      await pause(REST)
      process.stdout.write('.')
    }
  }
  process.stdout.write('\n')

  const sample = texts.slice(0, 8)
  const facts = {}
  const vectors = {}
  for (const { id } of hosts) {
    facts[id] = await frames.get(id).evaluate(() => globalThis.bench.facts())
    vectors[id] = await frames.get(id).evaluate((list) => globalThis.bench.vectors(list, 1), sample)
  }
  const isolated = await frames.get(hosts[0].id).evaluate(() => crossOriginIsolated)
  return { isolated, idle, milliseconds, facts, vectors }
}

function tableOf(cases, { texts, tokens, source }, rounds, { isolated, idle, milliseconds, facts, vectors }) {
  const peerOneByOne = cases.filter(({ host, perCall }) => host.peer && perCall === 1)
  // Round by round the fastest of its settings: the ratio is to the best that it can do.
  const bestPeer =
    peerOneByOne.length === 0
      ? undefined
      : Array.from({ length: rounds }, (_, round) =>
          Math.min(...peerOneByOne.map(({ id }) => milliseconds.get(id)[round])),
        )
  const rows = cases.map(({ id, label }) => {
    const times = milliseconds.get(id)
    return [
      label,
      spread(
        times.map((value) => value / 1000),
        2,
      ),
      spread(
        times.map((value) => tokens / (value / 1000)),
        0,
      ),
      ratioCell(milliseconds.get('peer/1') ?? [], milliseconds.has('peer/1') ? times : undefined),
      ratioCell(bestPeer ?? [], bestPeer && times),
      ratioCell(
        milliseconds.get(`peer/${PER_CALL}`) ?? [],
        milliseconds.has(`peer/${PER_CALL}`) ? times : undefined,
      ),
    ]
  })
  const settings = Object.entries(facts).map(([id, fact]) => `${id}: ${describeFacts(fact)}`)
  const agreement = Object.keys(vectors)
    .filter((id) => id !== 'peer' && 'peer' in vectors)
    .map((id) => `${id} ${meanCosine(vectors[id], vectors.peer).toFixed(4)}`)
  return {
    title: `Throughput, ${isolated ? 'cross-origin isolated' : 'not isolated'}: ${texts.length} passages`,
    columns: [
      'case',
      'seconds, median (range)',
      'tokens/s',
      '× transformers.js one by one',
      '× its best setting',
      `× its calls of ${PER_CALL}`,
    ],
    rows,
    notes: [
      `${texts.length} passages from ${source}, ${tokens} tokens; ${rounds} interleaved rounds in one page`,
      `crossOriginIsolated: ${isolated}; CPU of the idle browser: ${idle.toFixed(2)} s in 1 s`,
      `as they ran: ${settings.join('; ')}`,
      ...(agreement.length > 0 ? [`mean cosine to transformers.js, one by one: ${agreement.join(', ')}`] : []),
    ],
  }
}

function describeFacts({ backend, threads, build }) {
  if (backend === undefined) return `${threads} threads, ${build || 'plain'} build`
  return `${backend.workers} workers × ${backend.threads} threads, ${backend.runtime} ${backend.build}, ${backend.file}`
}

export const pageMode = 'bench'

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer, plainServer, cores, options }) {
  const input = passages(options.texts)
  const tables = []
  const raw = []
  for (const server of [isolatedServer, plainServer]) {
    const cases = casesOf(server.isolated, input.texts.length, cores)
    const outcome = await withBrowser({}, (context) =>
      measure(context, server.origin, cases, { texts: input.texts, rounds: options.rounds }),
    )
    tables.push(tableOf(cases, input, options.rounds, outcome))
    const { vectors: _, ...rest } = outcome
    raw.push({ ...rest, milliseconds: Object.fromEntries(outcome.milliseconds) })
  }
  return { tables, raw }
}
