/** Browsers of this machine that Playwright does not drive: started with an address, and ended. */

import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** A browser that has been started. */
export interface RunningBrowser {
  /** What it has written to its standard error output. */
  errors: () => Promise<string>
  end: () => void
}

/** A browser that is installed here. */
export interface InstalledBrowser {
  name: string
  open: (url: string) => Promise<RunningBrowser>
}

/** A profile that asks nobody anything. */
const FIREFOX_PREFERENCES = {
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.enabled': false,
}

function start(command: string, words: string[], folder: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  // A group of its own, so that every process of it ends with it.
  return spawn(command, words, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: folder, ...env },
  })
}

function end(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return
  process.kill(-child.pid, 'SIGKILL')
}

function running(browser: ChildProcess, folder: string, others: readonly ChildProcess[] = []): RunningBrowser {
  const errors = browser.stderr === null ? Promise.resolve('') : text(browser.stderr)
  browser.stdout?.resume()
  return {
    errors: () => errors,
    end: () => {
      for (const child of [browser, ...others]) end(child)
      // It may still be writing.
      setTimeout(() => {
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
      }, 500)
    },
  }
}

function firefox(command: string): InstalledBrowser {
  return {
    name: 'Firefox',
    open: (url) => {
      const folder = mkdtempSync(join(tmpdir(), 'firefox-'))
      const lines = Object.entries(FIREFOX_PREFERENCES).map(
        ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
      )
      writeFileSync(join(folder, 'user.js'), lines.join('\n'))
      const words = ['--headless', '--no-remote', '--profile', folder, url]
      return Promise.resolve(running(start(command, words, folder), folder))
    },
  }
}

/** Needs a display: a virtual one, whose number the server tells. */
function webKit(command: string): InstalledBrowser {
  return {
    name: 'WebKitGTK',
    open: async (url) => {
      const folder = mkdtempSync(join(tmpdir(), 'webkit-'))
      const display = start('Xvfb', ['-displayfd', '1', '-screen', '0', '800x600x24'], folder)
      const number = await new Promise<string>((resolve, reject) => {
        display.once('error', reject)
        display.stdout?.once('data', (chunk: Buffer) => {
          resolve(chunk.toString().trim())
        })
      })
      const env = {
        DISPLAY: `:${number}`,
        // Its sandbox does not start for root, as tests in containers are.
        WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
        WEBKIT_DISABLE_COMPOSITING_MODE: '1',
      }
      return running(start(command, [url], folder, env), folder, [display])
    },
  }
}

/** The first of the places where something is. */
const found = (...places: readonly string[]): string | undefined => places.find((place) => existsSync(place))

/** Where distributions put WebKitGTK's own small browser, which no path leads to. */
function miniBrowser(): string | undefined {
  const folders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/libexec']
  const inside = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name, 'MiniBrowser')))
  return found(...inside.filter((path) => path.includes('/webkit')))
}

/** Browsers other than Chromium that are installed here; says of each one that is not that it is left out. */
export function installedBrowsers(): InstalledBrowser[] {
  const commands = {
    Firefox: found('/usr/bin/firefox-esr', '/usr/bin/firefox', '/snap/bin/firefox'),
    WebKitGTK: found('/usr/bin/Xvfb') && miniBrowser(),
  }
  for (const [name, command] of Object.entries(commands)) {
    if (command === undefined) console.log(`left out, as ${name} is not installed here: the library in ${name}`)
  }
  const { Firefox, WebKitGTK } = commands
  return [
    ...(Firefox === undefined ? [] : [firefox(Firefox)]),
    ...(WebKitGTK === undefined ? [] : [webKit(WebKitGTK)]),
  ]
}
