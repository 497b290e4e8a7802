/** AssemblyScript to WebAssembly. */

import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Compiles a module without run-time checks or memory management.
 *
 * @param {string} entry of the module, from the repository's root
 * @param {string[]} options of the compiler
 * @returns {Promise<Uint8Array>} the module's bytes, the same on every machine
 * @throws {Error} with the compiler's messages
 */
export async function compile(entry, options) {
  /** @type {Uint8Array | undefined} */
  let wasm
  const { error, stderr } = await asc.main(
    [entry, '--outFile', 'module.wasm', '--noAssert', '--runtime', 'stub', ...options],
    {
      baseDir: repository,
      writeFile: (/** @type {string} */ _name, /** @type {Uint8Array} */ contents) => {
        wasm = contents
      },
    },
  )
  if (error !== null || wasm === undefined) throw new Error(stderr.toString(), { cause: error })
  return wasm
}
