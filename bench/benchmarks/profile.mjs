/** Where the time goes: onnxruntime's own profile by operator, and the CPU encoder's by function. One thread. */

import { compileEncoder } from '../../tools/simd/build.mjs'
import { openPage, withBrowser } from '../runner/browser.mjs'
import { passages, queries, tokensOf } from '../runner/texts.mjs'

const GRAPH = '/models/all-MiniLM-L6-v2/onnx/model_q8_wasm.onnx'
const PASSAGES = 64
const QUERY_TOKENS = 12
const REPEATS = 2
/** Milliseconds before each of the encoder's profiles. */
const WARM_UP = 1000
/** Milliseconds of each of the encoder's profiles, of which a sample is taken every 0.1 ms. */
const SAMPLED = 2500
/** Multiplications and additions of the six layers' matrices for one token. */
const OPERATIONS = 2 * 6 * (4 * 384 * 384 + 2 * 384 * 1536)
/** Functions of the encoder that do these: `assembly/gemm.ts` and the tiles that it calls. */
const MATRIX_PRODUCTS = /^(gemm|tile(-\w+)?)\//
/** Shares below this are summed up. */
const LEAST_SHARE = 0.005

/** Milliseconds of each function itself, by the browser's sampling profiler. */
async function sampleEncoder(page, texts, call) {
  const measure = (repeats) =>
    page.evaluate(([list, times]) => globalThis.profileBench.encode(list, times), [texts, repeats])
  // The engine's better compiler has to be done, and the kernel chosen.
  const warmUp = Math.ceil(WARM_UP / ((await measure(2)) / 2))
  const repeats = Math.ceil((SAMPLED * warmUp) / (await measure(warmUp)))
  const session = await page.context().newCDPSession(page)
  await session.send('Profiler.enable')
  await session.send('Profiler.setSamplingInterval', { interval: 100 })
  await session.send('Profiler.start')
  const whole = (await measure(repeats)) / repeats
  const { profile } = await session.send('Profiler.stop')
  await session.detach()
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]))
  const samples = new Map()
  for (const id of profile.samples) {
    const { functionName, url } = names.get(id)
    if (!url.startsWith('wasm')) continue
    // `assembly/gemm/multiply` → `gemm/multiply`
    const name = functionName.replace(/^(src\/simd\/)?assembly\//, '')
    samples.set(name, (samples.get(name) ?? 0) + 1)
  }
  const all = [...samples.values()].reduce((sum, count) => sum + count, 0)
  if (all === 0) throw new Error('the profiler saw no WebAssembly function')
  const parts = [...samples].map(([name, count]) => ({ name, share: count / all }))
  return { call, whole, tokens: texts.flat().length, parts: parts.sort((a, b) => b.share - a.share) }
}

/** Share of the time in the functions that multiply matrices. */
const matrixShare = ({ parts }) =>
  parts.filter(({ name }) => MATRIX_PRODUCTS.test(name)).reduce((sum, { share }) => sum + share, 0)

/** Billions of operations a second that the matrix products reach. */
const matrixSpeed = (sampled) => (sampled.tokens * OPERATIONS) / (sampled.whole * matrixShare(sampled) * 1e6)

/** How many times as fast the whole gets when a part of it takes half its time (Amdahl 1967). */
const whenHalved = (share) => `${(1 / (1 - share / 2)).toFixed(2)} ×`

/** What it would take to be faster: by how much each part could help. */
const nextFactor = (share, part) =>
  `the next factor: ${part} twice as fast, the whole ${whenHalved(share)}; all the rest twice as fast, ${whenHalved(1 - share)}`

function sharesTable(title, columns, parts, whole) {
  const shown = parts.filter(({ share }) => share >= LEAST_SHARE)
  const rest = parts.filter(({ share }) => share < LEAST_SHARE).reduce((sum, { share }) => sum + share, 0)
  return {
    title,
    columns: [...columns, 'share', 'ms'],
    rows: [...shown, ...(rest > 0 ? [{ name: 'everything else', share: rest, nodes: '' }] : [])].map(
      ({ name, share, nodes }) => [
        name,
        ...(columns.length > 1 ? [String(nodes)] : []),
        `${(100 * share).toFixed(1)} %`,
        (whole * share).toFixed(2),
      ],
    ),
  }
}

function operatorTable({ whole, operators }) {
  const inNodes = operators.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  const parts = operators.map(({ operator, nodes, milliseconds }) => ({
    name: operator,
    nodes: Math.round(nodes),
    share: milliseconds / inNodes,
  }))
  return {
    ...sharesTable(
      `Profile of onnxruntime-web: ${PASSAGES} passages one by one`,
      ['operator', 'runs'],
      parts,
      inNodes,
    ),
    notes: [
      `${whole.toFixed(0)} ms without the profiler, ${inNodes.toFixed(0)} ms in nodes with it; 1 thread; the web build ` +
        'prints its profile, and this benchmark reads it',
      nextFactor(parts[0].share, parts[0].name),
    ],
  }
}

export const pageModes = ['bench']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer: { origin }, progress }) {
  const texts = passages(PASSAGES).texts.map(tokensOf)
  const query = tokensOf(queries(1, QUERY_TOKENS)[0])
  const wasm = [...(await compileEncoder('relaxed', { names: true }))]
  progress('the encoder compiled with the names of its functions')
  return withBrowser({}, async (context) => {
    const page = await openPage(context, `${origin}/bench/profile.html`, 'profileBench')
    const operators = await page.evaluate(
      ([graph, list, repeats]) => globalThis.profileBench.operators(graph, list, repeats),
      [GRAPH, texts, REPEATS],
    )
    progress('onnxruntime by operator')
    await page.evaluate(([graph, bytes]) => globalThis.profileBench.openEncoder(graph, bytes), [GRAPH, wasm])
    const encoder = [
      await sampleEncoder(page, texts, `${PASSAGES} passages`),
      await sampleEncoder(page, [query], `one text of ${QUERY_TOKENS} tokens`),
    ]
    return {
      tables: [
        operatorTable(operators),
        ...encoder.map((sampled) => ({
          ...sharesTable(
            `Profile of the CPU encoder: ${sampled.call}`,
            ['function'],
            sampled.parts,
            sampled.whole,
          ),
          notes: [
            `${sampled.tokens} tokens in ${sampled.whole.toFixed(2)} ms; by the browser's profiler, a sample every 0.1 ms; a ` +
              'function that was inlined counts into its caller',
            `matrix products: ${(100 * matrixShare(sampled)).toFixed(0)} % of the time, at ${matrixSpeed(sampled).toFixed(0)} GOPS`,
            nextFactor(matrixShare(sampled), 'matrix products'),
          ],
        })),
      ],
      raw: { operators, encoder },
    }
  })
}
