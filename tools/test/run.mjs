/**
 * `npm test`: finds or installs a Chromium, runs every test, prints `N passed, N failed` as the last line.
 *
 *   npm test                                    everything
 *   npm test -- --project unit                  one of unit, browser, webgpu, e2e; may be given more than once
 *   npm test -- --project browser wasm offline  only test files whose path contains one of the words
 */

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ensureChromium } from './ensure-chromium.mjs'
import { readTally } from './reports.mjs'

/** @typedef {import('./reports.mjs').Tally} Tally */

const repository = fileURLToPath(new URL('../..', import.meta.url))
/**
 * What runs beside each other, group by group. WebGPU leaves a core idle half of the time: one page and its GPU process. The
 * others take all of two cores.
 */
const groups = [['webgpu', 'unit'], ['browser'], ['e2e']]
const projects = groups.flat()
/** A runner that hangs must become a failure, not a hung command. */
const limitMinutes = 30

const { values, positionals: filters } = parseArgs({
  options: { project: { type: 'string', multiple: true } },
  allowPositionals: true,
})
const chosen = values.project ?? projects
const unknown = chosen.filter((name) => !projects.includes(name))
if (unknown.length > 0) {
  console.error(`no project ${unknown.join(', ')}; there are ${projects.join(', ')}`)
  process.exit(2)
}

/**
 * @param {string} name of an installed package
 * @param {string} file inside it
 * @returns {string} path of the file; `npx` is not used, so that nothing can be fetched instead
 */
function packageFile(name, file) {
  return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), file)
}

/** @returns {Promise<number>} a port that was free a moment ago */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('no port')
      server.close(() => {
        resolve(address.port)
      })
    })
  })
}

/**
 * @param {string} title above what it prints
 * @param {string[]} args of node
 * @param {Record<string, string>} env added to this process's
 * @param {boolean} later true: what it prints comes in one piece, when it has ended
 * @returns {Promise<{ code: number | null, ending: string }>} how it ended
 */
function runNode(title, args, env, later) {
  if (!later) console.log(title)
  return new Promise((resolve, reject) => {
    const to = later ? 'pipe' : 'inherit'
    const child = spawn(process.execPath, args, {
      cwd: repository,
      stdio: ['ignore', to, to],
      env: { ...process.env, ...env },
      // A process group of its own (not on Windows), so that its browsers and servers can be ended with it.
      detached: process.platform !== 'win32',
    })
    /** @param {NodeJS.Signals} signal for the runner and all that it started */
    const end = (signal) => {
      if (process.platform === 'win32' || child.pid === undefined) child.kill(signal)
      else process.kill(-child.pid, signal)
    }
    /** @type {Buffer[]} */
    const printed = []
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (/** @type {Buffer} */ chunk) => printed.push(chunk))
    }
    let timedOut = false
    const limit = setTimeout(() => {
      timedOut = true
      end('SIGKILL')
    }, limitMinutes * 60_000)
    process.on('SIGINT', end)
    process.on('SIGTERM', end)
    child.once('error', reject)
    // With a pipe not `exit`: output may still be under way then. Without one, what it left running may hold the output open.
    child.once(
      later ? 'close' : 'exit',
      (/** @type {number | null} */ code, /** @type {string | null} */ signal) => {
        clearTimeout(limit)
        process.off('SIGINT', end)
        process.off('SIGTERM', end)
        if (later) console.log(`${title}\n${Buffer.concat(printed).toString()}`)
        const ending = signal === null ? `exit code ${String(code)}` : `signal ${signal}`
        resolve({ code, ending: timedOut ? `${ending} after ${String(limitMinutes)} minutes` : ending })
      },
    )
  })
}

/**
 * @param {string} project to run
 * @param {string} reports folder for the runners' reports
 * @param {boolean} [later] as of `runNode`
 * @returns {Promise<Tally>} its result
 */
async function runProject(project, reports, later = false) {
  const title = `\n== ${project}`
  const report = join(reports, `${project}.json`)
  if (project === 'e2e') {
    const cli = packageFile('@playwright/test', 'cli.js')
    const passes = filters.length === 0 ? [] : ['--pass-with-no-tests']
    const args = [cli, 'test', '-c', 'test/e2e/playwright.config.ts', ...passes, ...filters]
    const env = { E2E_REPORT: report, E2E_PORT: String(await freePort()) }
    return readTally('playwright', report, await runNode(title, args, env, later))
  }
  const cli = packageFile('vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const passes = filters.length === 0 ? [] : ['--passWithNoTests']
  const args = [cli, 'run', '--project', project, ...reporters, ...passes, ...filters]
  return readTally('vitest', report, await runNode(title, args, {}, later))
}

const reports = mkdtempSync(join(tmpdir(), 'browser-embeddings-tests-'))
/** @type {Map<string, Tally>} */
const tallies = new Map()
try {
  if (chosen.some((project) => project !== 'unit')) {
    // Children take this one, without looking again.
    process.env['CHROMIUM_PATH'] = (await ensureChromium()).path
  }
  for (const group of groups) {
    const running = group
      .filter((project) => chosen.includes(project))
      .map(async (project, place) => tallies.set(project, await runProject(project, reports, place > 0)))
    await Promise.all(running)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  tallies.set('npm test', {
    passed: 0,
    failed: 1,
    skipped: [],
    notes: ['stopped before every project had run'],
  })
} finally {
  rmSync(reports, { recursive: true, force: true })
}

console.log()
if (!existsSync(join(repository, '../shared/models'))) {
  console.log('../shared/models is not here: tests that need the unmodified hub files are left out')
}
let passed = 0
let failed = 0
for (const [project, tally] of tallies) {
  passed += tally.passed
  failed += tally.failed
  const skipped = tally.skipped.length === 0 ? '' : `, ${String(tally.skipped.length)} left out`
  console.log(`${project}: ${String(tally.passed)} passed, ${String(tally.failed)} failed${skipped}`)
  for (const note of tally.notes) console.log(`  ${note}`)
  for (const name of tally.skipped) console.log(`  left out: ${name}`)
}
console.log(`\n${String(passed)} passed, ${String(failed)} failed`)
// Not `process.exit`: what is still in the output's buffer would be lost. No test at all is no success.
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
