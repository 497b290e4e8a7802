/**
 * Native onnxruntime on the same machine and texts: the line to chase. Runs with a Python that has onnxruntime and numpy:
 * the one that BENCH_PYTHON names, else `python3`; without one it is left out.
 */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { atMost, times } from '../runner/budgets.mjs'
import { openFrames, withBrowser } from '../runner/browser.mjs'
import { ours } from '../runner/hosts.mjs'
import { hasHubModel, hubModel, models, sharedModels } from '../runner/locations.mjs'
import { median, spread } from '../runner/statistics.mjs'
import { passages, queries, tokensOf } from '../runner/texts.mjs'

const QUERY_TOKENS = 12
const script = fileURLToPath(new URL('../native/run.py', import.meta.url))

const graphs = [
  ['models/, int8', join(models, 'all-MiniLM-L6-v2/onnx/model_q8_wasm.onnx')],
  ...(hasHubModel ? [["the hub's q8 file", join(sharedModels, hubModel, 'onnx/model_quantized.onnx')]] : []),
]

function findPython() {
  const candidates = [process.env.BENCH_PYTHON, 'python3'].filter((name) => name !== undefined)
  return candidates.find((name) => spawnSync(name, ['-c', 'import numpy, onnxruntime']).status === 0)
}

function runNative(python, asked) {
  const { status, stdout, stderr } = spawnSync(python, [script], {
    input: JSON.stringify(asked),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`native onnxruntime failed: ${stderr}`)
  return JSON.parse(stdout)
}

/** This library on the same texts, in between. */
async function measureOurs(origin, cores, texts, query, rounds) {
  const hosts = [ours('one', '1 worker', { workers: 1 }), ours('all', `${cores} workers`, { workers: cores })]
  return withBrowser({}, async (context) => {
    const frames = await openFrames(context, origin, hosts)
    const time = (id, list, perCall) =>
      frames.get(id).evaluate(([input, size]) => globalThis.bench.time(input, size), [list, perCall])
    const outcomes = []
    for (const { id, label } of hosts) {
      await time(id, texts.slice(0, 32), 32)
      const seconds = []
      for (let round = 0; round < rounds; round++) seconds.push((await time(id, texts, texts.length)) / 1000)
      const milliseconds = []
      for (let call = 0; call < 100; call++) milliseconds.push(await time(id, [query], 1))
      outcomes.push({ label, seconds, query: milliseconds })
    }
    return outcomes
  })
}

export const pageModes = ['bench']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer: { origin }, cores, options }) {
  const python = findPython()
  const title = 'Native onnxruntime, the line to chase'
  if (python === undefined) {
    const note = 'left out: no Python with onnxruntime and numpy here; BENCH_PYTHON may name one'
    return { tables: [{ title, columns: [], rows: [], notes: [note] }], raw: null }
  }
  const { texts, tokens } = passages(options.texts)
  const [query] = queries(1, QUERY_TOKENS)
  const outcomes = await measureOurs(origin, cores, texts, query, options.rounds)
  const ids = texts.map(tokensOf)
  let version = ''
  for (const threads of new Set([1, cores])) {
    for (const [label, model] of graphs) {
      const asked = { model, threads, texts: ids, query: tokensOf(query), rounds: options.rounds }
      const outcome = runNative(python, asked)
      version = outcome.version
      outcomes.push({ label: `native, ${label}, threads: ${threads}`, threads, ...outcome })
    }
  }
  const fastest = (threads) =>
    Math.min(...outcomes.filter((one) => one.threads === threads).map(({ seconds }) => median(seconds)))
  const gap = 'native onnxruntime is faster than this library'
  return {
    budgets: [
      atMost(`${gap}, one thread`, 2.5, median(outcomes[0].seconds) / fastest(1), times),
      atMost(`${gap}, all cores`, 2.5, median(outcomes[1].seconds) / fastest(cores), times),
    ],
    tables: [
      {
        title,
        columns: ['case', `${texts.length} passages, s`, 'tokens/s', `query of ${QUERY_TOKENS} tokens, p50 ms`],
        rows: outcomes.map(({ label, seconds, query: each }) => [
          label,
          spread(seconds, 2),
          (tokens / median(seconds)).toFixed(0),
          median(each).toFixed(2),
        ]),
        notes: [
          `native: onnxruntime ${version} for Python, one text at a time, without tokenizing or pooling; this library: the ` +
            'whole stack, one call',
        ],
      },
    ],
    raw: outcomes,
  }
}
