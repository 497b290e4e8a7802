/** JavaScript of each entry of the package, gzipped: what a page loads before it calls anything, and what workers load. */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { repository } from '../runner/locations.mjs'

const gate = join(repository, 'tools/check-size.mjs')

const { exports: entries, peerDependencies } = JSON.parse(
  readFileSync(join(repository, 'package.json'), 'utf8'),
)

/** The entry's script and what it imports at once, as an app's bundler makes them; peers belong to the app. */
async function entrySize(entry) {
  const source = join(repository, entry.replace('./dist/', 'src/').replace(/\.js$/, '.ts'))
  const external = Object.keys(peerDependencies).map((name) => new RegExp(`^${name}(/|$)`))
  const built = await build({
    configFile: false,
    root: repository,
    publicDir: false,
    logLevel: 'error',
    worker: { format: 'es' },
    build: {
      write: false,
      target: 'es2023',
      minify: true,
      rolldownOptions: { input: source, external, preserveEntrySignatures: 'strict' },
    },
  })
  const chunks = new Map([built].flat().flatMap(({ output }) => output.map((file) => [file.fileName, file])))
  const needed = new Set([...chunks.values()].filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName))
  // A set is walked in the order of insertion, what is added meanwhile included.
  for (const name of needed) for (const imported of chunks.get(name)?.imports ?? []) needed.add(imported)
  return [...needed]
    .filter((name) => chunks.has(name))
    .reduce((sum, name) => sum + gzipSync(chunks.get(name).code, { level: 9 }).length, 0)
}

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`

/** The gate's own verdict: `met: page 9.5 kB of 15.0 kB`. */
function runGate() {
  const { stdout, stderr, error } = spawnSync(process.execPath, [gate], { encoding: 'utf8' })
  const lines = [...(stdout ?? '').matchAll(/^(met|MISSED): (.+) ([\d.]+ kB) of ([\d.]+ kB)$/gm)]
  if (lines.length === 0)
    throw new Error(`tools/check-size.mjs said nothing that can be read: ${stderr}`, { cause: error })
  return lines.map(([, verdict, what, measured, budget]) => ({
    what: `JavaScript, gzipped: ${what}`,
    budget: `≤ ${budget}`,
    measured,
    met: verdict === 'met',
  }))
}

export const pageModes = []

/** Takes no page: it builds. */
export async function run() {
  const budgets = runGate()
  const rows = []
  for (const [name, target] of Object.entries(entries)) {
    if (typeof target === 'string') continue
    rows.push([`browser-embeddings${name.slice(1)}`, kilobytes(await entrySize(target.default))])
  }
  return {
    budgets,
    tables: [
      {
        title: 'JavaScript of each entry',
        columns: ['entry', 'gzipped'],
        rows,
        notes: ['with all that it imports at once; workers, WebAssembly and optional peers apart'],
      },
    ],
    raw: rows,
  }
}
