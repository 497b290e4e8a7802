/** A Chromium that really starts; installs one where there is none. */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { chromium } from 'playwright'
import { chromiumArgs, chromiumCandidates } from './find-chromium.mjs'

/** @typedef {import('./find-chromium.mjs').ChromiumCandidate} ChromiumCandidate */

const installMinutes = 10

/**
 * Starts a Chromium and asks its version: a downloaded one may lack system libraries, an Ubuntu one be a snap stub.
 *
 * @param {string} executablePath of the Chromium
 * @returns {Promise<{ version: string } | { failure: string }>} its version, or why it does not start
 */
async function tryStart(executablePath) {
  try {
    const browser = await chromium.launch({ executablePath, args: chromiumArgs, timeout: 60_000 })
    const version = browser.version()
    await browser.close()
    return { version }
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * @param {string} command to run
 * @param {string[]} args of it
 * @returns {boolean} true when it ended well in time
 */
function runInstaller(command, args) {
  console.log(`> ${command} ${args.join(' ')}`)
  const { status, error } = spawnSync(command, args, {
    // No stdin: an installer that asks a question must fail, not wait.
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: installMinutes * 60_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (error !== undefined) console.log(error.message)
  return status === 0
}

function installWithPlaywright() {
  const cli = join(dirname(createRequire(import.meta.url).resolve('playwright/package.json')), 'cli.js')
  return runInstaller(process.execPath, [cli, 'install', '--no-shell', 'chromium'])
}

function installWithApt() {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    console.log('apt-get is passed over: it needs root on Debian or Ubuntu')
    return false
  }
  return (
    runInstaller('apt-get', ['update']) &&
    runInstaller('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'])
  )
}

/**
 * Finds a Chromium that starts, or installs one: Playwright's own build, or Debian's package where that download is
 * closed. Prints which one it took.
 *
 * @returns {Promise<ChromiumCandidate>} the one to use
 * @throws {Error} when none is to be had, with what was tried
 */
export async function ensureChromium() {
  /** @type {Map<string, string>} */
  const failures = new Map()

  /** @returns {Promise<ChromiumCandidate | null>} the first that starts, of those not tried yet */
  const firstThatStarts = async () => {
    for (const candidate of chromiumCandidates()) {
      if (failures.has(candidate.path)) continue
      const outcome = await tryStart(candidate.path)
      if ('version' in outcome) {
        console.log(`Chromium ${outcome.version}: ${candidate.path} (${candidate.source})`)
        return candidate
      }
      failures.set(candidate.path, outcome.failure)
      console.log(`${candidate.path} (${candidate.source}) does not start:\n${outcome.failure}`)
    }
    return null
  }

  const found = await firstThatStarts()
  if (found !== null) return found
  const named = process.env['CHROMIUM_PATH']
  if (named !== undefined && named !== '') throw new Error(`CHROMIUM_PATH is ${named}, which does not start`)

  console.log('No Chromium on this machine: installing one')
  for (const install of [installWithPlaywright, installWithApt]) {
    if (!install()) continue
    const installed = await firstThatStarts()
    if (installed !== null) return installed
  }
  throw new Error(
    'The tests need a Chromium; none was found and none could be installed. Install Chromium or Google Chrome, ' +
      'or set CHROMIUM_PATH to one.' +
      [...failures]
        .map(([path, failure]) => `\n- ${path} does not start: ${failure.split('\n', 1)[0] ?? ''}`)
        .join(''),
  )
}
