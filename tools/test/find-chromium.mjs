/** Where a Chromium is on this machine: an environment variable, Playwright's own, a system one. */

import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { chromium } from 'playwright'

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

/** @returns {string[]} every path where a system Chromium may lie, best first */
function systemCandidates() {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const onPath = commandNames.flatMap((name) =>
    folders.map((folder) => join(folder, process.platform === 'win32' ? `${name}.exe` : name)),
  )
  if (process.platform === 'darwin') return [...onPath, ...macPaths]
  if (process.platform === 'win32') return [...onPath, ...windowsPaths]
  return onPath
}

/**
 * Looks for a Chromium without installing one.
 *
 * @returns {{ path: string, source: string } | null} the executable and where it came from; null when there is none
 * @throws {Error} when `CHROMIUM_PATH` is set but names nothing that can be run: a wrong setting must not be ignored
 */
export function findChromium() {
  const fromEnvironment = process.env['CHROMIUM_PATH']
  if (fromEnvironment !== undefined && fromEnvironment !== '') {
    if (!isExecutable(fromEnvironment)) {
      throw new Error(`CHROMIUM_PATH is ${fromEnvironment}, which is not an executable file`)
    }
    return { path: fromEnvironment, source: 'CHROMIUM_PATH' }
  }
  const ownPath = chromium.executablePath()
  if (ownPath !== '' && isExecutable(ownPath)) return { path: ownPath, source: "Playwright's own" }
  const systemPath = systemCandidates().find(isExecutable)
  return systemPath === undefined ? null : { path: systemPath, source: 'system' }
}
