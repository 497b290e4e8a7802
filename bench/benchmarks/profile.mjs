/** Where the time goes: onnxruntime's own profile by operator, and the CPU encoder's by function. One thread. */

import asc from 'assemblyscript/asc'
import { openPage, withBrowser } from '../runner/browser.mjs'
import { repository } from '../runner/locations.mjs'
import { passages, queries, tokensOf } from '../runner/texts.mjs'

const GRAPH = '/models/all-MiniLM-L6-v2/onnx/model_q8_wasm.onnx'
const PASSAGES = 64
const QUERY_TOKENS = 12
const REPEATS = 3
/** Milliseconds of each of the encoder's profiles, of which a sample is taken every 0.1 ms. */
const SAMPLED = 3000
/** Multiplications and additions of the six layers' matrices for one token. */
const OPERATIONS = 2 * 6 * (4 * 384 * 384 + 2 * 384 * 1536)
/** Shares below this are summed up. */
const LEAST_SHARE = 0.005

/** As `tools/simd/build.mjs` builds it, with the names of its functions left in. */
async function namedEncoder() {
  let wasm
  const { error, stderr } = await asc.main(
    [
      ...['src/simd/assembly/index.ts', '--outFile', 'encoder.wasm', '-O2', '--noAssert', '--runtime', 'stub'],
      ...['--importMemory', '--initialMemory', '1', '--enable', 'simd,relaxed-simd', '--debug'],
    ],
    {
      baseDir: repository,
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) wasm = contents
      },
    },
  )
  if (error !== null || wasm === undefined) throw new Error(stderr.toString(), { cause: error })
  return [...wasm]
}

/** Milliseconds of each function itself, by the browser's sampling profiler. */
async function sampleEncoder(page, texts, call) {
  const measure = (repeats) =>
    page.evaluate(([list, times]) => globalThis.profileBench.encode(list, times), [texts, repeats])
  // The engine's better compiler has to be done, and the kernel chosen.
  const once = (await measure(20)) / 20
  await measure(Math.ceil(500 / once))
  const repeats = Math.ceil(SAMPLED / once)
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

/** Billions of operations a second that the matrix products reach, in the functions of `assembly/gemm.ts`. */
function matrixSpeed({ whole, tokens, parts }) {
  const share = parts.filter(({ name }) => name.startsWith('gemm/')).reduce((sum, part) => sum + part.share, 0)
  return (tokens * OPERATIONS) / (whole * share * 1e6)
}

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
    ],
  }
}

export const pageModes = ['bench']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer: { origin } }) {
  const texts = passages(PASSAGES).texts.map(tokensOf)
  const query = tokensOf(queries(1, QUERY_TOKENS)[0])
  const wasm = await namedEncoder()
  return withBrowser({}, async (context) => {
    const page = await openPage(context, `${origin}/bench/profile.html`, 'profileBench')
    const operators = await page.evaluate(
      ([graph, list, repeats]) => globalThis.profileBench.operators(graph, list, repeats),
      [GRAPH, texts, REPEATS],
    )
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
            `${sampled.tokens} tokens in ${sampled.whole.toFixed(2)} ms, matrix products at ${matrixSpeed(sampled).toFixed(0)} GOPS; by the browser's profiler, a sample every 0.1 ms; a function that was inlined ` +
              'counts into its caller',
          ],
        })),
      ],
      raw: { operators, encoder },
    }
  })
}
