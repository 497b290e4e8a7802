/** WebGPU calls of one forward pass, counted exactly; SwiftShader does for that, so no time is taken. */

import { pageAddress, withBrowser } from '../runner/browser.mjs'
import { available, ours, transformers } from '../runner/hosts.mjs'
import { webgpuArgs } from '../../tools/test/find-chromium.mjs'

/** One length, so that this library plans one batch of the four. */
const TEXTS = [
  'The lighthouse keeper wrote one letter every week.',
  'The harbour master read one book every month there.',
  'The village baker sold one hundred loaves every day.',
  'The station clerk drank one cup of tea each hour.',
]

const hosts = available([
  ours('ours', 'its WebGPU graph', { device: 'webgpu' }),
  transformers('peer', "device: 'webgpu', the hub's q8 file", { device: 'webgpu' }),
])

/** Asks whichever thread of the page owns the GPU. */
function readCounts(page) {
  return page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error('no thread of this page counts WebGPU calls')), 60_000)
        const channel = new BroadcastChannel('gpu-counts')
        channel.onmessage = ({ data }) => {
          channel.close()
          resolve(data)
        }
        channel.postMessage('ask')
      }),
  )
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
    for (const count of [1, 4]) passes.push({ texts: count, ...(await countPass(page, TEXTS.slice(0, count))) })
    return { id: host.id, passes, facts: await page.evaluate(() => globalThis.bench.facts()) }
  })
}

export const pageMode = 'counts'

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer }) {
  const rows = []
  const raw = []
  for (const host of hosts) {
    const counted = await countHost(isolatedServer.origin, host)
    raw.push(counted)
    for (const pass of counted.passes) {
      rows.push([
        host.label,
        String(pass.texts),
        ...[
          pass.dispatches,
          pass.submits,
          pass.readBacks,
          pass.readBackBytes,
          pass.uploads,
          pass.uploadBytes,
        ].map(String),
      ])
    }
  }
  return {
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
        notes: [
          'second pass of each shape; read-back: mapAsync for reading; upload: writeBuffer or a mapped new buffer',
        ],
      },
    ],
    raw,
  }
}
