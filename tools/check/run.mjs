/**
 * `npm run check`: everything that is checked without running the library, as many steps at a time as there are cores.
 *
 *   npm run check                        everything
 *   node tools/check/run.mjs types lint  these only
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { runSteps } from './steps.mjs'

/** @typedef {import('./steps.mjs').Step} Step */

const repository = fileURLToPath(new URL('../..', import.meta.url))
const installed = createRequire(import.meta.url)

/**
 * @param {string} name of an installed package
 * @param {string} [command] of it, where it is named otherwise
 * @returns {string} the script behind the command; `npx` is not used, so that nothing can be fetched instead
 */
function commandOf(name, command = name) {
  const manifest = installed.resolve(`${name}/package.json`)
  /** @type {unknown} */
  const contents = JSON.parse(readFileSync(manifest, 'utf8'))
  const { bin } = /** @type {{ bin: string | Record<string, string | undefined> }} */ (contents)
  const path = typeof bin === 'string' ? bin : bin[command]
  if (path === undefined) throw new Error(`${name} has no command ${command}`)
  return join(dirname(manifest), path)
}

const tsc = commandOf('typescript-7', 'tsc')
const eslint = [commandOf('eslint'), '--max-warnings', '0']
const tsconfigs = ['.', 'src/worker', 'tools', 'bin', 'bench', 'test', 'test/browser/services']

// The format of a file depends on nothing but the file. What lint says depends on the types of others, so it has no cache.
const formatCache = ['--cache', '--cache-strategy', 'content', '--cache-location', '.cache/prettier']

/** @type {Step[]} The longest first: with few cores, what starts last decides when all is done. */
const steps = [
  // Linting with types compiles the project first, and the tests are half of all: two processes with a project each.
  { name: 'lint', part: 'test/', commands: [[...eslint, 'test']] },
  { name: 'lint', part: 'all else', commands: [[...eslint, '.', '--ignore-pattern', 'test/']] },
  // What lies beside a checkout without .git must not change the format.
  { name: 'format', commands: [[commandOf('prettier'), '--check', '.', '--no-editorconfig', ...formatCache]] },
  { name: 'types', commands: tsconfigs.map((project) => [tsc, '-p', project]) },
  {
    name: 'architecture',
    commands: [[commandOf('vitest'), 'run', '--project', 'unit', 'test/architecture.test.ts']],
  },
  { name: 'size', commands: [['tools/check-size.mjs']] },
]

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !steps.some((step) => step.name === name))
if (unknown.length > 0) {
  console.error(
    `no check ${unknown.join(', ')}; there are ${[...new Set(steps.map(({ name }) => name))].join(', ')}`,
  )
  process.exit(2)
}
const chosen = asked.length === 0 ? steps : steps.filter(({ name }) => asked.includes(name))

const began = performance.now()
const failed = await runSteps(chosen, { cwd: repository, atOnce: Math.max(2, availableParallelism()) })
const seconds = ((performance.now() - began) / 1000).toFixed(1)
console.log(failed.length === 0 ? `checked in ${seconds} s` : `FAILED in ${seconds} s: ${failed.join(', ')}`)
// Not `process.exit`: what is still in the output's buffer would be lost.
process.exitCode = failed.length === 0 ? 0 : 1
