/** `npm run corpus`: makes demo/public/corpus/ from nothing. See README.md. */

import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { runnerImport } from 'vite'
import { LICENCE, readAddresses, SOURCE } from './addresses.mjs'
import { embed } from './embed.mjs'
import { cutPassages, SPLIT } from './passages.mjs'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const out = path('../../demo/public/corpus/')

const addresses = readAddresses(path('../../.cache/corpus'))
const { bounds, texts } = await cutPassages(addresses)
console.log(`${addresses.length} addresses, ${texts.length} passages`)

const { VectorIndex } = (await runnerImport(path('../../src/search/index.ts'))).module
let index
for await (const { rows, fingerprint } of embed(texts, report)) {
  index ??= new VectorIndex({ dimensions: rows[0].length, fingerprint })
  for (const row of rows) index.add(row, fingerprint)
}
if (index.size !== texts.length) throw new Error(`${index.size} vectors for ${texts.length} passages`)

const lines = addresses.map((address, i) => `${JSON.stringify({ ...address, bounds: bounds[i] })}\n`)
const stored = index.toInt8()
mkdirSync(out, { recursive: true })
// Not `.gz`: many servers take that for a transfer encoding and hand out the text itself.
const header = {
  title: 'State of the Union addresses',
  years: [addresses[0].year, addresses.at(-1).year],
  source: SOURCE,
  licence: LICENCE,
  model: stored.fingerprint.split('@')[0],
  fingerprint: stored.fingerprint,
  dimensions: stored.dimensions,
  count: texts.length,
  split: SPLIT,
  addresses: write('addresses.gzip', gzipSync(lines.join(''), { level: 9 })),
  vectors: write(
    'vectors.bin',
    Buffer.concat([Buffer.from(stored.rows.buffer), Buffer.from(stored.scales.buffer)]),
  ),
}
writeFileSync(`${out}corpus.json`, `${JSON.stringify(header, null, 2)}\n`)
console.log(header)

function write(file, bytes) {
  writeFileSync(out + file, bytes)
  return { file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

function report({ done, tokens, seconds }) {
  const rate = Math.round(tokens / seconds)
  console.log(`${done}/${texts.length} passages, ${tokens} tokens, ${Math.round(seconds)} s, ${rate} tokens/s`)
}
