/** Where a Chromium is on this machine: an environment variable, Playwright's own, a system one. */

import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { chromium } from 'playwright'

/**
 * A Chromium on this machine.
 *
 * @typedef {object} ChromiumCandidate
 * @property {string} path of the executable
 * @property {string} source where it was found, in words
 */

/** Flags of every Chromium that the tests start: no sandbox (containers run as root), no traffic of its own. */
export const chromiumArgs = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
]

/** Flags that give headless Chromium a WebGPU adapter on any machine (SwiftShader where there is no GPU). */
export const webgpuArgs = ['--enable-unsafe-webgpu']

const commandNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

const macPaths = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const windowsPaths = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) => {
  const base = process.env[name]
  return base === undefined
    ? []
    : [join(base, 'Google/Chrome/Application/chrome.exe'), join(base, 'Chromium/Application/chrome.exe')]
})

/**
 * @param {string} path a path on disk
 * @returns {boolean} true for a file that this process may run
 */
function isExecutable(path) {
  if (!existsSync(path) || !statSync(path).isFile()) return false
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // accessSync answers by throwing; not executable is the answer, not a fault.
    return false
  }
}

/**
 * Every path where a system Chromium may lie, best first.
 *
 * @returns {string[]} paths, whether or not anything is there
 */
function systemPaths() {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const extension = process.platform === 'win32' ? '.exe' : ''
  const onPath = commandNames.flatMap((name) => folders.map((folder) => join(folder, name + extension)))
  if (process.platform === 'darwin') return [...onPath, ...macPaths]
  if (process.platform === 'win32') return [...onPath, ...windowsPaths]
  return onPath
}

/**
 * Looks for Chromiums without installing or starting one.
 *
 * @returns {ChromiumCandidate[]} best first; only the named one when `CHROMIUM_PATH` is set
 * @throws {Error} when `CHROMIUM_PATH` names nothing that can be run: a wrong setting must not be passed over
 */
export function chromiumCandidates() {
  const named = process.env['CHROMIUM_PATH']
  if (named !== undefined && named !== '') {
    if (!isExecutable(named)) throw new Error(`CHROMIUM_PATH is ${named}, which is not an executable file`)
    return [{ path: named, source: 'CHROMIUM_PATH' }]
  }
  const candidates = [
    { path: chromium.executablePath(), source: "Playwright's own" },
    ...systemPaths().map((path) => ({ path, source: 'system' })),
  ]
  return candidates.filter(({ path }) => path !== '' && isExecutable(path))
}
