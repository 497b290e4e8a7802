/** How near the vectors are to the unquantised model's, alone and in company, and what that means for real tasks. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { atLeast, figures } from '../runner/budgets.mjs'
import { openFrames, withBrowser } from '../runner/browser.mjs'
import { ours, transformers } from '../runner/hosts.mjs'
import { cranfieldFolder, hasHubModel, hubModel, referenceFolder, stsDev } from '../runner/locations.mjs'
import { tokensOf } from '../runner/texts.mjs'
import { webgpuArgs } from '../../tools/test/find-chromium.mjs'
import { cosine, ndcg, readCranfield, readStsBenchmark, spearman } from '../quality/evaluation.mjs'

const BATCH = 8
/** The model's limit: a text above is cut, by this library at the limit, by transformers.js later. */
const MOST_TOKENS = 256

function withBody(host) {
  return { ...host, setting: { ...host.setting, body: { truncate: true } } }
}

function hub(id, label, options) {
  const host = ours(id, label, { modelsUrl: '/shared-models/', ...options })
  return { ...host, setting: { ...host.setting, model: hubModel } }
}

const onnxruntime = { cpuRuntime: 'onnxruntime' }
const hosts = [
  withBody(ours('ours', 'models/, CPU encoder')),
  withBody(ours('ours-onnxruntime', 'models/, onnxruntime', onnxruntime)),
  ...(hasHubModel
    ? [
        withBody(hub('ours-hub', "the hub's q8 file, CPU encoder")),
        withBody(hub('ours-hub-onnxruntime', "the hub's q8 file, onnxruntime", onnxruntime)),
        transformers('peer', "the hub's q8 file"),
      ]
    : []),
]

const webgpu = withBody(ours('ours-webgpu', 'models/, WebGPU', { device: 'webgpu' }))

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
const least = (values) => Math.min(...values)
const embed = (frame, texts, perCall) =>
  frame.evaluate(([list, size]) => globalThis.bench.vectors(list, size), [texts, perCall])

/** Batches of 8 whose members lie far apart, so that their lengths differ; vectors in the order of the texts. */
async function inCompany(frame, texts) {
  const stride = Math.ceil(texts.length / BATCH)
  const vectors = []
  for (let start = 0; start < stride; start++) {
    const members = texts.map((_, index) => index).filter((index) => index % stride === start)
    const rows = await embed(
      frame,
      members.map((index) => texts[index]),
      members.length,
    )
    for (const [row, index] of members.entries()) vectors[index] = rows[row]
  }
  return vectors
}

function readReference() {
  const texts = JSON.parse(readFileSync(join(referenceFolder, 'texts.json'), 'utf8'))
  const { rows } = JSON.parse(readFileSync(join(referenceFolder, 'all-MiniLM-L6-v2.fp32.json'), 'utf8'))
  const vectors = rows.map(({ embedding }) => {
    const bytes = Uint8Array.from(Buffer.from(embedding, 'base64'))
    return new Float32Array(bytes.buffer)
  })
  const within = texts.map((text) => tokensOf(text).length <= MOST_TOKENS)
  return { texts, vectors, within }
}

async function compareVectors(frame, host, { texts, vectors, within }) {
  const used = texts.map((_, index) => index).filter((index) => !host.peer || within[index])
  const list = used.map((index) => texts[index])
  const alone = await embed(frame, list, 1)
  const together = await inCompany(frame, list)
  return {
    texts: list.length,
    toReference: alone.map((vector, row) => cosine(vector, vectors[used[row]])),
    toCompany: alone.map((vector, row) => cosine(vector, together[row])),
  }
}

/** One text a call for transformers.js, whose vectors depend on their company; else in calls. */
const perCall = ({ peer }) => (peer ? 1 : 256)

async function rankPairs(frame, host, pairs) {
  const texts = [...new Set(pairs.flatMap(({ first, second }) => [first, second]))]
  const vectors = await embed(frame, texts, perCall(host))
  const vectorOf = new Map(texts.map((text, index) => [text, vectors[index]]))
  const cosines = pairs.map(({ first, second }) => cosine(vectorOf.get(first), vectorOf.get(second)))
  return spearman(
    cosines,
    pairs.map(({ score }) => score),
  )
}

async function searchDocuments(frame, host, { documents, queries, relevant }) {
  const present = documents.map((_, index) => index).filter((index) => documents[index] !== '')
  const vectors = await embed(
    frame,
    present.map((index) => documents[index]),
    perCall(host),
  )
  const asked = await embed(frame, queries, perCall(host))
  const gains = [...relevant].map(([query, wanted]) => {
    const scores = new Float64Array(documents.length).fill(NaN)
    for (const [row, index] of present.entries()) scores[index] = cosine(vectors[row], asked[query])
    return ndcg(scores, wanted)
  })
  return mean(gains)
}

const figure = (digits, value) => (value === undefined ? '–' : value.toFixed(digits))

function rowOf(host, { compared, sts, cranfield }) {
  return [
    host.label,
    figure(5, compared && mean(compared.toReference)),
    figure(5, compared && least(compared.toReference)),
    figure(6, compared && mean(compared.toCompany)),
    figure(5, compared && least(compared.toCompany)),
    figure(4, sts),
    figure(4, cranfield),
  ]
}

function budgetsOf(results, native) {
  const of = (id) => results.get(id)
  const low = (values) => (values.length === 0 ? NaN : least(values))
  const own = [...results].filter(([id]) => id !== 'peer').map(([, result]) => result)
  const compared = own.flatMap((result) => (result.compared === undefined ? [] : [result.compared]))
  const toReference = (id) => mean(of(id)?.compared?.toReference ?? [NaN])
  const near = (value, truth) => (value === undefined ? NaN : value - truth)
  const encoder = of('ours').compared?.toReference ?? []
  const signed = (value) => (value > 0 ? '+' : '') + value.toFixed(4)
  return [
    atLeast(
      'cosine to fp32, shipped WASM variant on onnxruntime, mean',
      0.995,
      toReference('ours-onnxruntime'),
      figures(4),
    ),
    atLeast('cosine to fp32, shipped WebGPU variant, mean', 0.999, toReference('ours-webgpu'), figures(4)),
    atLeast('cosine to fp32, CPU encoder, mean', 0.998, encoder.length === 0 ? NaN : mean(encoder), figures(4)),
    atLeast('cosine to fp32, CPU encoder, minimum', 0.99, low(encoder), figures(4)),
    atLeast(
      'alone and in a batch, mean of the worst case',
      0.9999,
      low(compared.map(({ toCompany }) => mean(toCompany))),
      figures(6),
    ),
    atLeast(
      'alone and in a batch, minimum of all cases',
      0.998,
      low(compared.flatMap(({ toCompany }) => toCompany)),
      figures(5),
    ),
    atLeast('STS-B dev, Spearman against fp32', -0.003, near(of('ours').sts, native.stsDevSpearman), signed),
    atLeast("the CPU encoder's goal for that", -0.002, near(of('ours').sts, native.stsDevSpearman), signed),
    atLeast(
      'Cranfield, nDCG@10 against fp32',
      -0.003,
      near(of('ours').cranfield, native.cranfieldNdcg10),
      signed,
    ),
  ]
}

/** Cranfield has some 300,000 tokens: minutes on onnxruntime. */
const tasksOf = ({ id }, { thorough }) => ({
  sts: thorough || id === 'ours' || id === 'ours-onnxruntime',
  cranfield: thorough || id === 'ours',
})

export const pageModes = ['bench']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer: { origin }, options, progress }) {
  const notes = []
  const left = (what, file) => {
    notes.push(`${what}: left out, as ${file} is not here`)
    return null
  }
  const reference = existsSync(join(referenceFolder, 'texts.json'))
    ? readReference()
    : left('cosines', '../shared/reference')
  const pairs = existsSync(stsDev) ? readStsBenchmark(stsDev) : left('STS-B', '../shared/data')
  const collection = existsSync(cranfieldFolder)
    ? readCranfield(cranfieldFolder)
    : left('Cranfield', '../shared/data')
  const native = JSON.parse(readFileSync(new URL('../quality/reference.json', import.meta.url), 'utf8'))
  if (!options.thorough)
    notes.push(
      'STS-B dev for models/ only, Cranfield for the CPU encoder only; every case: `npm run bench -- quality --thorough`',
    )

  const results = new Map()
  for (const host of hosts) {
    await withBrowser({}, async (context) => {
      const frame = (await openFrames(context, origin, [host])).get(host.id)
      const tasks = tasksOf(host, options)
      const result = {}
      results.set(host.id, result)
      if (reference) result.compared = await compareVectors(frame, host, reference)
      progress(`${host.label}: cosines`)
      if (pairs && tasks.sts) result.sts = await rankPairs(frame, host, pairs)
      if (pairs && tasks.sts) progress(`${host.label}: STS-B dev ${result.sts.toFixed(5)}`)
      if (collection && tasks.cranfield) result.cranfield = await searchDocuments(frame, host, collection)
      if (collection && tasks.cranfield) progress(`${host.label}: Cranfield ${result.cranfield.toFixed(5)}`)
    })
  }
  // SwiftShader computes as exactly as a GPU does, and slowly: the short texts are enough.
  const short = reference && shortest(reference, 8)
  if (short) {
    await withBrowser({ args: webgpuArgs }, async (context) => {
      const frames = await openFrames(context, origin, [webgpu])
      results.set(webgpu.id, { compared: await compareVectors(frames.get(webgpu.id), webgpu, short) })
      progress(`${webgpu.label}: cosines`)
    })
    notes.push(`WebGPU on SwiftShader: the ${short.texts.length} shortest texts`)
  }
  notes.push(
    `cosine to fp32: ${reference?.texts.length ?? 0} texts of ../shared/reference against native onnxruntime; transformers.js: ` +
      `those of at most ${MOST_TOKENS} tokens, as it cuts at 512`,
    `company: batches of ${BATCH} of mixed lengths; STS-B dev: Spearman; Cranfield: nDCG@10; fp32 natively ` +
      `${native.stsDevSpearman.toFixed(4)} and ${native.cranfieldNdcg10.toFixed(4)} (bench/quality/reference.py)`,
  )
  return {
    budgets: budgetsOf(results, native),
    tables: [
      {
        title: 'Quality',
        columns: [
          'case',
          'cosine to fp32, mean',
          'minimum',
          'alone or in company, mean',
          'minimum',
          'STS-B dev',
          'Cranfield',
        ],
        rows: [...hosts, webgpu]
          .filter(({ id }) => results.has(id))
          .map((host) => rowOf(host, results.get(host.id))),
        notes,
      },
    ],
    raw: Object.fromEntries(results),
  }
}

function shortest({ texts, vectors, within }, count) {
  const order = texts
    .map((text, index) => ({ index, tokens: tokensOf(text).length }))
    .sort((a, b) => a.tokens - b.tokens)
    .slice(0, count)
    .map(({ index }) => index)
  const pick = (list) => order.map((index) => list[index])
  return { texts: pick(texts), vectors: pick(vectors), within: pick(within) }
}
