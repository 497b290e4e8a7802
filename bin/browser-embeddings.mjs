#!/usr/bin/env node
/** The package's command: `npx browser-embeddings <command>`. */

import process from 'node:process'
import { CommandError } from './command-error.mjs'

const USAGE = `Usage: browser-embeddings <command> [options]

Commands:
  copy-assets <folder>   puts onnxruntime's files and models into a folder of your app, for self-hosting

browser-embeddings copy-assets --help tells its options.`

/**
 * @param {string[]} words of the command line
 * @returns {Promise<void>} when the command is done
 * @throws {CommandError} with what to tell the user
 */
async function run([command, ...rest]) {
  if (command === 'copy-assets') {
    const { copyAssets } = await import('./copy-assets.mjs').catch((/** @type {unknown} */ error) => {
      throw isNotBuilt(error) ? new CommandError('The library is not built here: run npm run build.') : error
    })
    await copyAssets(rest)
  } else if (command === undefined || command === '--help' || command === '-h') console.log(USAGE)
  else throw new CommandError(`There is no command ${JSON.stringify(command)}.\n\n${USAGE}`, 2)
}

/**
 * @param {unknown} error of an import
 * @returns {boolean} true when a compiled file of the library is missing, as in a fresh clone
 */
function isNotBuilt(error) {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'ERR_MODULE_NOT_FOUND' && /[\\/]dist[\\/]/.test(error.message)
}

/**
 * @param {unknown} error thrown by a command
 * @returns {boolean} true when its message says all there is to say: the command's own, the library's, the system's
 */
function tellsEnough(error) {
  if (!(error instanceof Error)) return false
  return error instanceof CommandError || error.name === 'EmbeddingsError' || 'syscall' in error
}

try {
  await run(process.argv.slice(2))
} catch (error) {
  console.error(tellsEnough(error) ? `browser-embeddings: ${/** @type {Error} */ (error).message}` : error)
  process.exitCode = error instanceof CommandError ? error.exitCode : 1
}
