/**
 * Compiles the CPU encoder (`src/simd/assembly/`, AssemblyScript) to `src/simd/encoder-{relaxed,plain}{,-shared}.wasm`.
 *
 *   node tools/simd/build.mjs          writes the files; they are committed, and a test compares them with their sources
 *   node tools/simd/build.mjs --copy   copies them into `dist/simd/`, beside the JavaScript that fetches them
 */

import { copyFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { compile } from '../assemblyscript/compile.mjs'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Features of each build, and how far it is optimised. At -O3 the optimiser moves every sum to its single use, which takes
 * more registers than there are: the relaxed build was 4 to 20 % slower so. The plain one gains 2 % by it.
 */
const builds = {
  relaxed: { features: 'simd,relaxed-simd', level: '-O2', shared: false },
  plain: { features: 'simd', level: '-O3', shared: false },
  'relaxed-shared': { features: 'simd,relaxed-simd,threads', level: '-O2', shared: true },
  'plain-shared': { features: 'simd,threads', level: '-O3', shared: true },
}

/**
 * @param {keyof typeof builds} build
 * @param {{ names?: boolean }} [how] whether functions keep their names, for a profiler
 * @returns {Promise<Uint8Array>} the module's bytes, the same on every machine
 * @throws {Error} with the compiler's messages
 */
export function compileEncoder(build, { names = false } = {}) {
  const { features, level, shared } = builds[build]
  const options = [level, '--importMemory', '--initialMemory', '1', '--enable', features]
  // The largest that there is: whoever makes the memory names a maximum of his own.
  if (shared) options.push('--sharedMemory', '--maximumMemory', '65536')
  if (names) options.push('--debug')
  return compile('src/simd/assembly/index.ts', options)
}

/** @param {string} build */
const fileOf = (build) => `simd/encoder-${build}.wasm`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const build of /** @type {(keyof typeof builds)[]} */ (Object.keys(builds))) {
    const source = `${repository}src/${fileOf(build)}`
    if (process.argv.includes('--copy')) copyFileSync(source, `${repository}dist/${fileOf(build)}`)
    else {
      const wasm = await compileEncoder(build)
      writeFileSync(source, wasm)
      console.log(`src/${fileOf(build)}: ${String(wasm.length)} bytes`)
    }
  }
}
