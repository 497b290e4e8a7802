/** Real passages of mixed length: seconds and tokens a second, isolated and not; a few hundred, then some thousand. */

import { atLeast, times } from '../runner/budgets.mjs'
import { idleCpu, openFrames, pause, withBrowser } from '../runner/browser.mjs'
import { available, ours, oursOnHubFile, transformers } from '../runner/hosts.mjs'
import { median, ratioCell, ratios, spread } from '../runner/statistics.mjs'
import { countTokens, passages } from '../runner/texts.mjs'

/** Milliseconds between two cases, for thread pools to fall asleep. */
const REST = 300
const PER_CALL = 32

/**
 * @typedef {object} Case
 * @property {string} id
 * @property {import('../runner/hosts.mjs').Host} host
 * @property {number} perCall
 * @property {string} label
 * @property {number} [rounds] that it takes part in; all by default
 * @property {number} [sample] passages that it embeds, evenly drawn; all by default
 */

/** @returns {Case} */
function inCalls(host, perCall, how, limits = {}) {
  const part = limits.sample === undefined ? '' : `, ${limits.sample} of them`
  return { host, perCall, label: `${host.label}, ${how}${part}`, id: `${host.id}/${perCall}`, ...limits }
}

const oneByOne = (host, limits) => inCalls(host, 1, 'one by one', limits)

function peersOf(isolated, cores) {
  return [
    transformers('peer', 'defaults'),
    ...(isolated ? [transformers('peer-threads', `${cores} threads`, { threads: cores })] : []),
    transformers('peer-plain', '1 thread, WASM-only runtime', { threads: 1, build: '' }),
  ]
}

/** Every setting on as many passages as all of them can take in several rounds. */
function settingCases({ isolated, cores, count, thorough }) {
  const standard = ours('ours', 'defaults')
  const hosts = [
    standard,
    // Neither knows whether the page is isolated.
    ...(isolated
      ? [
          ours('ours-single', 'workers: 1', { workers: 1 }),
          { ...ours('ours-plain', 'a browser without relaxed SIMD'), mode: 'plain' },
        ]
      : []),
    ours('ours-onnxruntime', "cpuRuntime: 'onnxruntime'", { cpuRuntime: 'onnxruntime' }),
    oursOnHubFile(),
  ]
  const peers = peersOf(isolated, cores)
  return [
    ...hosts.map((host) => inCalls(host, count, `one call of ${count}`)),
    inCalls(standard, PER_CALL, `calls of ${PER_CALL}`),
    ...peers.map((host) => oneByOne(host)),
    // Several times as slow as anything else: its spread is not worth the minutes.
    inCalls(
      peers[0],
      PER_CALL,
      `calls of ${PER_CALL}`,
      thorough ? {} : { rounds: 1, sample: Math.min(128, count) },
    ),
  ]
}

/** Many passages: one call, calls of 32, and the rate of transformers.js. */
function largeCases({ isolated, cores, count, sample, thorough }) {
  const standard = ours('ours', 'defaults')
  const part = thorough || sample >= count ? {} : { sample }
  const peers = peersOf(isolated, cores)
  return [
    inCalls(standard, count, `one call of ${count}`),
    inCalls(standard, PER_CALL, `calls of ${PER_CALL}`),
    // Its defaults and its best: threads, where there are some.
    ...peers.slice(0, 2).map((host) => oneByOne(host, part)),
    inCalls(
      peers[0],
      PER_CALL,
      `calls of ${PER_CALL}`,
      thorough ? {} : { sample: Math.min(2 * PER_CALL, count) },
    ),
  ]
}

/** Every n-th run of texts as long as a call, so that a sample has the same calls as the whole. */
function inputOf({ perCall, sample }, texts) {
  if (sample === undefined) return texts
  const runs = Math.ceil(sample / perCall)
  const step = texts.length / runs
  return Array.from({ length: runs }, (_, run) => {
    const start = Math.floor((run * step) / perCall) * perCall
    return texts.slice(start, start + perCall)
  }).flat()
}

const tokensIn = (texts) => texts.reduce((sum, text) => sum + countTokens(text), 0)

/** Cosine of what two hosts answer: that both did the same work. */
function meanCosine(left, right) {
  const cosines = left.map((row, index) =>
    row.reduce((sum, value, column) => sum + value * right[index][column], 0),
  )
  return cosines.reduce((sum, value) => sum + value, 0) / cosines.length
}

async function measure(context, origin, cases, { texts, rounds }) {
  const hosts = [...new Map(cases.map(({ host }) => [host.id, host])).values()]
  const frames = await openFrames(context, origin, hosts)
  const run = ({ host, perCall }, input) =>
    frames.get(host.id).evaluate(([list, size]) => globalThis.bench.time(list, size), [input, perCall])

  // Loads every library, starts every worker, and lets the engine compile.
  for (const one of cases) await run(one, texts.slice(0, PER_CALL))
  const idle = await idleCpu(context)

  /** Tokens a millisecond. */
  const rates = new Map(cases.map(({ id }) => [id, []]))
  const milliseconds = new Map(cases.map(({ id }) => [id, []]))
  for (let round = 0; round < rounds; round++) {
    for (const one of cases.filter((each) => round < (each.rounds ?? rounds))) {
      const input = inputOf(one, texts)
      const taken = await run(one, input)
      milliseconds.get(one.id).push(taken)
      rates.get(one.id).push(tokensIn(input) / taken)
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
  return { isolated, idle, milliseconds, rates, facts, vectors }
}

/** Round by round the fastest of the peer's settings: a ratio is to the best that it can do. */
function bestPeer(cases, rates) {
  const peers = cases.filter(({ host, perCall }) => host.peer && perCall === 1).map(({ id }) => rates.get(id))
  return peers.length === 0
    ? undefined
    : peers[0].map((_, round) => Math.max(...peers.map((list) => list[round])))
}

/** How many times as fast as others, where both took part in a round. */
function ratioTo(own, other) {
  return other === undefined ? [] : ratios(own.slice(0, other.length), other.slice(0, own.length))
}

function tableOf(cases, { texts, tokens, source }, rounds, outcome) {
  const { isolated, idle, milliseconds, rates, facts, vectors } = outcome
  const best = bestPeer(cases, rates)
  const rows = cases.map(({ id, label }) => [
    label,
    spread(
      milliseconds.get(id).map((value) => value / 1000),
      2,
    ),
    spread(
      rates.get(id).map((value) => value * 1000),
      0,
    ),
    ...[rates.get('peer/1'), best, rates.get(`peer/${PER_CALL}`)].map((other) =>
      ratioCell(ratioTo(rates.get(id), other)),
    ),
  ])
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
      `${texts.length} passages from ${source}, ${tokens} tokens; interleaved in one page, rounds: ${rounds}`,
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

function budgetsOf(count, isolated, { rates }) {
  const of = (id, peer) => median(ratioTo(rates.get(id), rates.get(peer)))
  const where = `${count} passages, ${isolated ? 'isolated' : 'not isolated'}`
  const whole = `ours/${count}`
  return [
    atLeast(
      `throughput, ${where}, to transformers.js one by one`,
      isolated ? 1.4 : 1.6,
      of(whole, 'peer/1'),
      times,
    ),
    atLeast(`the CPU encoder's goal for that`, isolated ? 4 : 5.5, of(whole, 'peer/1'), times),
    atLeast(`throughput, ${where}, to its calls of ${PER_CALL}`, 5.5, of(whole, `peer/${PER_CALL}`), times),
    atLeast(`the CPU encoder's goal for that`, 18, of(whole, `peer/${PER_CALL}`), times),
    ...(rates.has(`ours-plain/${count}`)
      ? [
          atLeast(
            `throughput without relaxed SIMD, ${where}, to transformers.js one by one`,
            1.3,
            of(`ours-plain/${count}`, 'peer/1'),
            times,
          ),
        ]
      : []),
  ]
}

export const pageModes = ['bench', 'plain']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer, plainServer, cores, options }) {
  const outcome = { tables: [], budgets: [], raw: [] }
  const small = { input: passages(options.texts), rounds: options.rounds, casesOf: settingCases }
  const large = { input: passages(options['large-texts']), rounds: 1, casesOf: largeCases }
  for (const server of [isolatedServer, plainServer]) {
    for (const { input, rounds, casesOf } of [small, large]) {
      const { isolated } = server
      const count = input.texts.length
      const { thorough, 'peer-sample': sample } = options
      const cases = available(casesOf({ isolated, cores, count, sample, thorough }))
      const measured = await withBrowser({}, (context) =>
        measure(context, server.origin, cases, { texts: input.texts, rounds }),
      )
      outcome.tables.push(tableOf(cases, input, rounds, measured))
      const { vectors: _, milliseconds, rates, ...rest } = measured
      if (casesOf === settingCases) outcome.budgets.push(...budgetsOf(count, isolated, measured))
      outcome.raw.push({
        ...rest,
        milliseconds: Object.fromEntries(milliseconds),
        rates: Object.fromEntries(rates),
      })
    }
  }
  return outcome
}
