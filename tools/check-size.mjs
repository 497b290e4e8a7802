/**
 * Gate on the JavaScript that a page loads, gzipped: what `npm run check` fails on when it grows past its budget. Builds
 * the bundle for import maps in memory; an app's own bundler gives about the same.
 *
 *   node tools/check-size.mjs
 */

import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import process from 'node:process'
import { build } from 'vite'

/** Bytes, gzipped. */
const BUDGETS = {
  /** Everything before the first call. */
  page: 15_000,
  /** The page, the service and an inference worker, without onnxruntime: all that a first vector on the CPU encoder needs. */
  'page and workers': 60_000,
}

const kilobytes = (/** @type {number} */ bytes) => `${(bytes / 1000).toFixed(1)} kB`

/** @returns {Promise<Map<string, { code: string, imports: string[] }>>} the bundle's scripts by file name */
async function buildBundle() {
  const result = await build({
    configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)),
    mode: 'bundle',
    logLevel: 'error',
    build: { write: false, reportCompressedSize: false },
  })
  const scripts = new Map()
  for (const { output } of [result].flat().filter((part) => 'output' in part)) {
    for (const file of output) {
      if (!file.fileName.endsWith('.js')) continue
      const code = file.type === 'chunk' ? file.code : Buffer.from(file.source).toString()
      scripts.set(file.fileName, { code, imports: file.type === 'chunk' ? file.imports : [] })
    }
  }
  return scripts
}

const scripts = await buildBundle()

/** Bytes of the one script whose name begins so, gzipped, and of all that it imports at once. */
function sizeOf(/** @type {string} */ start) {
  const names = [...scripts.keys()].filter((name) => name.split('/').at(-1)?.startsWith(start))
  if (names.length !== 1) throw new Error(`the bundle has ${names.length} scripts ${start}*; expected one`)
  const needed = new Set(names)
  let bytes = 0
  // A set is walked in the order of insertion, what is added meanwhile included.
  for (const name of needed) {
    const script = scripts.get(name)
    if (script === undefined) continue
    for (const imported of script.imports) needed.add(imported)
    bytes += gzipSync(script.code, { level: 9 }).length
  }
  return bytes
}

const page = sizeOf('index.js')
const service = sizeOf('service-entry')
const inference = sizeOf('inference-entry')
const sizes = { page, 'page and workers': page + service + inference }

console.log(
  `page ${kilobytes(page)}, service ${kilobytes(service)}, inference worker ${kilobytes(inference)}, gzipped`,
)
for (const [name, budget] of Object.entries(BUDGETS)) {
  const size = sizes[/** @type {keyof typeof sizes} */ (name)]
  const met = size <= budget
  console.log(`${met ? 'met' : 'MISSED'}: ${name} ${kilobytes(size)} of ${kilobytes(budget)}`)
  if (!met) process.exitCode = 1
}
