/**
 * Compiles the search's kernel (`src/search/assembly/`, AssemblyScript) to `src/search/scan-module.ts`, which holds it as
 * base64: an index is made and searched without a request and without waiting.
 *
 *   node tools/search/build.mjs    writes the file; it is committed, and a test compares it with its source
 */

import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { compile } from '../assemblyscript/compile.mjs'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/**
 * @returns {Promise<Uint8Array>} the module's bytes, the same on every machine
 * @throws {Error} with the compiler's messages
 */
export function compileScan() {
  return compile('src/search/assembly/cosines.ts', ['-O2', '--enable', 'simd'])
}

/** @param {Uint8Array} wasm */
export function toSource(wasm) {
  const base64 = Buffer.from(wasm).toString('base64')
  return `/** Made by \`npm run build:search\` from \`assembly/cosines.ts\`; do not edit. */

/** The kernel's WebAssembly module, base64. */
export const SCAN_MODULE =
  '${base64}'
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wasm = await compileScan()
  writeFileSync(`${repository}src/search/scan-module.ts`, toSource(wasm))
  console.log(`src/search/scan-module.ts: ${String(wasm.length)} bytes of WebAssembly`)
}
