/** WebGPU calls of one forward pass, counted exactly; SwiftShader does for that, so no time is taken. */

import { atMost, whole } from '../runner/budgets.mjs'
import { pageAddress, withBrowser } from '../runner/browser.mjs'
import { ours, transformers } from '../runner/hosts.mjs'
import { hubModel, hubModels } from '../runner/locations.mjs'
import { askThreads } from '../runner/threads.mjs'
import { webgpuArgs } from '../../tools/test/find-chromium.mjs'

/** One length, so that this library plans one batch of the four. */
const TEXTS = [
  'The lighthouse keeper wrote one letter every week.',
  'The harbour master read one book every month there.',
  'The village baker sold one hundred loaves every day.',
  'The station clerk drank one cup of tea each hour.',
]

const hosts = [
  ours('ours', 'its WebGPU graph', { device: 'webgpu' }),
  ...hubModels.flatMap((model) => [
    oursOnHub(model),
    transformers(`peer/${model}`, `device: 'webgpu', ${model} q8`, { device: 'webgpu', model }),
  ]),
].map((host) => ({ ...host, mode: 'counts' }))

/** Texts of each pass: the larger graphs take SwiftShader seconds a text, and their calls do not depend on how many. */
const batchesOf = ({ setting: { model } }) => (model === hubModel || !hubModels.includes(model) ? [1, 4] : [1])

/** Not what this library would choose for a GPU: 8-bit integers go through the CPU there. */
function oursOnHub(model) {
  const host = ours(`ours/${model}`, `${model} q8`, {
    modelsUrl: '/shared-models/',
    device: 'webgpu',
    dtype: 'q8',
  })
  return { ...host, setting: { ...host.setting, model } }
}

/** Sums over whichever threads of the page own a GPU. */
async function readCounts(page) {
  const answers = await askThreads(page, 'gpu-counts')
  if (answers.length === 0) throw new Error('no thread of this page counts WebGPU calls')
  const sum = {}
  for (const { thread: _, ...counts } of answers) {
    for (const [name, value] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + value
  }
  return sum
}

async function countPass(page, texts) {
  const embed = () =>
    page.evaluate((list) => globalThis.bench.vectors(list, list.length).then(() => undefined), texts)
  // The first pass of a shape may still prepare weights and compile shaders.
  await embed()
  const before = await readCounts(page)
  await embed()
  const after = await readCounts(page)
  return Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]))
}

async function countHost(origin, host) {
  return withBrowser({ args: webgpuArgs }, async (context) => {
    const page = await context.newPage()
    await page.goto(pageAddress(host, origin))
    const hasAdapter = await page.evaluate(async () => (await navigator.gpu?.requestAdapter()) != null)
    if (!hasAdapter) throw new Error('this Chromium has no WebGPU adapter, not even a software one')
    const passes = []
    try {
      for (const count of batchesOf(host)) {
        passes.push({ texts: count, ...(await countPass(page, TEXTS.slice(0, count))) })
      }
    } catch (error) {
      // A graph that this library does not run on WebGPU: the reason is the result.
      return { id: host.id, passes, refused: firstLine(error) }
    }
    return { id: host.id, passes, facts: await page.evaluate(() => globalThis.bench.facts()) }
  })
}

const firstLine = (error) =>
  String(error.message ?? error)
    .split('\n')[0]
    .replace(/^page\.evaluate: /, '')

const COLUMNS = ['dispatches', 'submits', 'readBacks', 'readBackBytes', 'uploads', 'uploadBytes']

export const pageModes = ['counts']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer, progress }) {
  const rows = []
  const raw = []
  const notes = [
    'second pass of each shape; read-back: mapAsync for reading; upload: writeBuffer or a mapped new buffer',
  ]
  for (const host of hosts) {
    const counted = await countHost(isolatedServer.origin, host)
    raw.push(counted)
    progress(host.label)
    if (counted.refused !== undefined) notes.push(`${host.label}: not on WebGPU: ${counted.refused}`)
    for (const pass of counted.passes) {
      rows.push([host.label, String(pass.texts), ...COLUMNS.map((name) => String(pass[name]))])
    }
  }
  if (hubModels.length === 0) notes.push("the hub's files: left out, as ../shared/models is not here")
  const [alone, four] = raw[0].passes
  if (four === undefined) throw new Error(raw[0].refused)
  return {
    budgets: [
      atMost('WebGPU, 6-layer BERT: dispatches a batch', 140, four.dispatches, whole('')),
      atMost(
        'WebGPU: read-backs a batch (one: no node between runs on the CPU)',
        1,
        Math.max(alone.readBacks, four.readBacks),
        whole(''),
      ),
      atMost('WebGPU: bytes read back for 4 texts', 4 * 384 * 4, four.readBackBytes, whole('bytes')),
    ],
    tables: [
      {
        title: 'WebGPU calls of one forward pass',
        columns: [
          'case',
          'texts',
          'dispatches',
          'submits',
          'read-backs',
          'bytes read',
          'uploads',
          'bytes uploaded',
        ],
        rows,
        notes,
      },
    ],
    raw,
  }
}
