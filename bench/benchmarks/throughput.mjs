/** Real passages of mixed length: seconds and tokens a second, isolated and not; a few hundred, then some thousand. */

import { atLeast, times } from '../runner/budgets.mjs'
import { idleCpu, openFrames, pause, withBrowser } from '../runner/browser.mjs'
import { available } from '../runner/hosts.mjs'
import { median, ratioCell, ratios, spread } from '../runner/statistics.mjs'
import { countTokens, passages } from '../runner/texts.mjs'
import { largeCases, PER_CALL, settingCases } from './throughput-cases.mjs'

/** Milliseconds between two cases, for thread pools to fall asleep. */
const REST = 300
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

/** Loads every library of a page, starts every worker, and lets the engine compile. */
async function warmUp(frames, hosts, texts) {
  for (const { id, page } of hosts) {
    // Each as it likes it best.
    const perCall = page === 'ours.html' ? PER_CALL : 1
    await frames
      .get(id)
      .evaluate(([list, size]) => globalThis.bench.time(list, size), [texts.slice(0, PER_CALL), perCall])
  }
}

/** Milliseconds and tokens a millisecond of each round, the cases in turn. */
async function measure(frames, cases, { texts, rounds }, progress) {
  const milliseconds = new Map(cases.map(({ id }) => [id, []]))
  const rates = new Map(cases.map(({ id }) => [id, []]))
  for (let round = 0; round < rounds; round++) {
    for (const one of cases.filter((each) => round < (each.rounds ?? rounds))) {
      const input = inputOf(one, texts)
      const taken = await frames
        .get(one.host.id)
        .evaluate(([list, size]) => globalThis.bench.time(list, size), [input, one.perCall])
      milliseconds.get(one.id).push(taken)
      rates.get(one.id).push(tokensIn(input) / taken)
      progress(`round ${round + 1} of ${rounds}: ${one.label}: ${(taken / 1000).toFixed(1)} s`)
      await pause(REST)
    }
  }
  return { milliseconds, rates }
}

/** What every host runs on, and some of its vectors. */
async function describeHosts(frames, hosts, sample) {
  const facts = {}
  const vectors = {}
  for (const { id } of hosts) {
    facts[id] = await frames.get(id).evaluate(() => globalThis.bench.facts())
    vectors[id] = await frames.get(id).evaluate((list) => globalThis.bench.vectors(list, 1), sample)
  }
  return { facts, vectors }
}

/** Round by round the fastest of the peer's settings: a ratio is to the best that it can do. */
function bestPeer(cases, rates) {
  const peers = cases.filter(({ host, perCall }) => host.peer && perCall === 1).map(({ id }) => rates.get(id))
  const rounds = Math.max(0, ...peers.map((list) => list.length))
  return peers.length === 0
    ? undefined
    : Array.from({ length: rounds }, (_, round) => Math.max(...peers.map((list) => list[round] ?? 0)))
}

/** How many times as fast as others, where both took part in a round. */
function ratioTo(own, other) {
  return other === undefined ? [] : ratios(own.slice(0, other.length), other.slice(0, own.length))
}

function tableOf({ cases, rounds, texts, tokens, source }, page, { milliseconds, rates }) {
  const { isolated, idle, facts, vectors } = page
  const ids = new Set(cases.map(({ host }) => host.id))
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
  const settings = Object.entries(facts)
    .filter(([id]) => ids.has(id))
    .map(([id, fact]) => `${id}: ${describeFacts(fact)}`)
  const agreement = Object.keys(vectors)
    .filter((id) => ids.has(id) && id !== 'peer' && 'peer' in vectors)
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
      `${texts.length} passages from ${source}, ${tokens} tokens; in turns in one page, rounds: at most ${rounds}`,
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
export async function run({ isolatedServer, plainServer, cores, options, progress }) {
  const outcome = { tables: [], budgets: [], raw: [] }
  const small = { input: passages(options.texts), rounds: options.rounds, casesOf: settingCases }
  const large = { input: passages(options['large-texts']), rounds: 1, casesOf: largeCases }
  for (const { origin, isolated } of [isolatedServer, plainServer]) {
    const { thorough, 'peer-sample': sample } = options
    const parts = [small, large].map(({ input, rounds, casesOf }) => {
      const count = input.texts.length
      return { ...input, rounds, cases: available(casesOf({ isolated, cores, count, sample, thorough })) }
    })
    const hosts = [...new Map(parts.flatMap(({ cases }) => cases).map(({ host }) => [host.id, host])).values()]
    await withBrowser({}, async (context) => {
      const frames = await openFrames(context, origin, hosts)
      await warmUp(frames, hosts, small.input.texts)
      progress(`${isolated ? 'isolated' : 'not isolated'}: ${hosts.length} settings warm`)
      const page = {
        isolated: await frames.get(hosts[0].id).evaluate(() => crossOriginIsolated),
        idle: await idleCpu(context),
        ...(await describeHosts(frames, hosts, small.input.texts.slice(0, 8))),
      }
      for (const [index, part] of parts.entries()) {
        const times = await measure(frames, part.cases, part, progress)
        outcome.tables.push(tableOf(part, page, times))
        if (index === 0) outcome.budgets.push(...budgetsOf(part.texts.length, isolated, times))
        outcome.raw.push({
          isolated: page.isolated,
          idle: page.idle,
          facts: page.facts,
          milliseconds: Object.fromEntries(times.milliseconds),
          rates: Object.fromEntries(times.rates),
        })
      }
    })
  }
  return outcome
}
