/** From opening a page to its first vector: never been there, and with everything stored; and what a page loads. */

import { gzipSync } from 'node:zlib'
import { atMost, figures, times } from '../runner/budgets.mjs'
import { pageAddress, pause, withBrowser } from '../runner/browser.mjs'
import { available, ours, oursOnHubFile, transformers } from '../runner/hosts.mjs'
import { median, ratioCell, ratios, spread } from '../runner/statistics.mjs'

const TEXT = 'The lighthouse keeper wrote one letter every week.'
/** Chromium writes its caches, compiled code among them, some time after the page has them. */
const SETTLE = 2500
/** Visits before the stored ones count: the engine stores compiled code only of what it meets again. */
const EARLIER_VISITS = 2
/** Each takes a browser of its own. */
const COLD_VISITS = 2

const hosts = available([
  ours('ours', "device: 'wasm'"),
  ours('ours-auto', "device: 'auto'", { device: 'auto' }),
  oursOnHubFile(),
  transformers('peer', 'defaults'),
  transformers('peer-plain', '1 thread, WASM-only runtime', { threads: 1, build: '' }),
])

/** Milliseconds from the start of navigation to the first vector, in a fresh page. */
async function visit(context, origin, host) {
  const page = await context.newPage()
  try {
    await page.goto(pageAddress(host, origin, TEXT))
    return await page.evaluate(() => globalThis.bench.firstVector)
  } finally {
    await page.close()
  }
}

/** A first visit needs a fresh profile each time. */
function coldVisit(origin, host) {
  return withBrowser({}, async (context) => {
    // The browser's own start must not count.
    await pause(1000)
    return visit(context, origin, host)
  })
}

async function storedVisits(origin, rounds) {
  return withBrowser({}, async (context) => {
    const milliseconds = new Map(hosts.map(({ id }) => [id, []]))
    for (let round = -EARLIER_VISITS; round < rounds; round++) {
      for (const host of hosts) {
        const taken = await visit(context, origin, host)
        if (round >= 0) milliseconds.get(host.id).push(taken)
        await pause(300)
      }
      if (round < 0) await pause(SETTLE)
    }
    return milliseconds
  })
}

const isScript = ({ path }) => /\.m?js$/.test(path)
const isModule = ({ path }) => path.endsWith('.wasm')
const isModelFile = ({ path }) => path.includes('models/')
const gzipped = (files) => files.reduce((sum, { bytes }) => sum + gzipSync(bytes, { level: 9 }).length, 0)
const inKilobytes = (value) => `${figures(1)(value)} kB`
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`

/** What the server sent until the page was ready, and until the first vector. */
async function loadedBytes(server, host) {
  return withBrowser({}, async (context) => {
    server.takeRequests()
    const page = await context.newPage()
    await page.goto(pageAddress(host, server.origin))
    await page.waitForFunction(() => 'bench' in globalThis)
    await pause(500)
    const before = server.takeRequests()
    await page.evaluate((text) => globalThis.bench.vectors([text], 1), TEXT)
    const files = new Map([...before, ...server.takeRequests()].map((file) => [file.path, file]))
    const all = [...files.values()]
    const sizes = (list) =>
      list.map(({ path, bytes }) => ({ path, bytes: bytes.length, gzip: gzipped([{ bytes }]) }))
    return {
      row: [
        host.label,
        kilobytes(gzipped(before.filter(isScript))),
        kilobytes(gzipped(all.filter(isScript))),
        megabytes(all.filter(isModule).reduce((sum, { bytes }) => sum + bytes.length, 0)),
        megabytes(all.filter(isModelFile).reduce((sum, { bytes }) => sum + bytes.length, 0)),
      ],
      fetched: all.filter(isModule).reduce((sum, { bytes }) => sum + bytes.length, 0),
      raw: { id: host.id, before: sizes(before), all: sizes(all) },
    }
  })
}

const share = (own, other) => (other === undefined ? [] : ratios(own, other))

function timeTable(cold, stored, rounds) {
  return {
    title: 'Start: navigation to first vector, cross-origin isolated',
    columns: [
      'case',
      'first visit, ms',
      '÷ transformers.js',
      'everything stored, ms',
      '÷ transformers.js',
      '÷ its best setting',
    ],
    rows: hosts.map(({ id, label }) => {
      const peers = hosts.filter(({ peer }) => peer).map((host) => stored.get(host.id))
      const best =
        peers.length === 0
          ? undefined
          : peers[0].map((_, round) => Math.min(...peers.map((times) => times[round])))
      return [
        label,
        spread(cold.get(id), 0),
        ratioCell(share(cold.get(id), cold.get('peer'))),
        spread(stored.get(id), 0),
        ratioCell(share(stored.get(id), stored.get('peer'))),
        ratioCell(share(stored.get(id), best)),
      ]
    }),
    notes: [
      `first visit: a fresh profile each time, ${cold.get(hosts[0].id).length} rounds; stored: a fresh page each time, ` +
        `${rounds} rounds after ${EARLIER_VISITS} earlier visits; libraries in turn; all from a server on this machine`,
    ],
  }
}

export const pageModes = ['bench']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer, options, progress }) {
  const { origin } = isolatedServer
  const sizes = []
  for (const host of hosts.filter(({ id }) => id === 'ours' || id.startsWith('peer'))) {
    sizes.push(await loadedBytes(isolatedServer, host))
  }
  const cold = new Map(hosts.map(({ id }) => [id, []]))
  for (let round = 0; round < Math.min(COLD_VISITS, options['start-rounds']); round++) {
    for (const host of hosts) cold.get(host.id).push(await coldVisit(origin, host))
  }
  progress('bytes and first visits')
  const stored = await storedVisits(origin, options['start-rounds'])
  const own = sizes[0]
  const stored50 = median(share(stored.get('ours'), stored.get('peer')))
  return {
    budgets: [
      atMost('page opened with everything stored → first vector, to transformers.js', 0.6, stored50, times),
      atMost("the CPU encoder's goal for that", 0.2, stored50, times),
      atMost('bytes beside the model and its script: WebAssembly', 50, own.fetched / 1000, inKilobytes),
    ],
    tables: [
      timeTable(cold, stored, options['start-rounds']),
      {
        title: 'What a page loads',
        columns: [
          'case',
          'JavaScript before first use, gzip',
          'JavaScript in all, gzip',
          'WASM',
          'model files',
        ],
        rows: sizes.map(({ row }) => row),
        notes: [
          "in all: page, workers and onnxruntime's own .mjs, up to the first vector; the benchmark's own code, about " +
            '1 kB, is in both',
        ],
      },
    ],
    raw: {
      cold: Object.fromEntries(cold),
      stored: Object.fromEntries(stored),
      sizes: sizes.map(({ raw }) => raw),
    },
  }
}
