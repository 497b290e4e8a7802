/** Chromium, and pages that tell of their errors. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { chromiumArgs } from '../../tools/test/find-chromium.mjs'
import { ensureChromium } from '../../tools/test/ensure-chromium.mjs'

/** A page that has not come up after so long has failed. */
const PAGE_DEADLINE = 60_000

let found

/**
 * Runs `work` with a browser of its own, whose profile lies on disk as a user's does: an off-the-record one keeps the
 * Cache API and the HTTP cache in memory, and compiled code nowhere.
 *
 * @template T
 * @param {{ args?: string[] }} options more flags
 * @param {(context: import('playwright').BrowserContext) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withBrowser({ args = [] }, work) {
  found ??= await ensureChromium()
  const profile = mkdtempSync(join(tmpdir(), 'browser-embeddings-bench-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: found.path,
    args: [...chromiumArgs, ...args],
    headless: true,
  })
  try {
    context.setDefaultTimeout(PAGE_DEADLINE)
    context.on('weberror', (error) => console.error(`page: ${error.error().message}`))
    context.on('console', (message) => {
      if (message.type() === 'error') console.error(`page: ${message.text()}`)
    })
    return await work(context)
  } finally {
    await context.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** @returns {Promise<string>} version of the Chromium that `withBrowser` starts */
export function chromiumVersion() {
  return withBrowser({}, async (context) => context.browser()?.version() ?? 'unknown')
}

/**
 * @param {import('./hosts.mjs').Host} host
 * @param {string} [first] text to embed as soon as the page is there
 * @returns {string} address of the host's page under its setting
 */
export function pageAddress({ page, setting, mode = 'bench' }, origin, first) {
  const query = new URLSearchParams({ setting: JSON.stringify(setting), ...(first !== undefined && { first }) })
  return `${origin}/${mode}/${page}?${query}`
}

/**
 * Opens every host in a frame of one page. Each frame has an onnxruntime of its own, so settings that hold for a
 * whole page (the number of threads) can stand side by side.
 *
 * @param {import('playwright').BrowserContext} context
 * @param {string} origin
 * @param {import('./hosts.mjs').Host[]} hosts
 * @returns {Promise<Map<string, import('playwright').Frame>>} by the hosts' ids
 */
export async function openFrames(context, origin, hosts) {
  const page = await context.newPage()
  // Any page of the origin does; its own library stays idle, as nothing was asked of it.
  await page.goto(pageAddress(hosts[0], origin))
  const frames = new Map()
  for (const host of hosts) {
    await page.evaluate(
      ({ id, address }) =>
        new Promise((resolve, reject) => {
          const frame = Object.assign(document.createElement('iframe'), { name: id, src: address })
          frame.addEventListener('load', resolve)
          frame.addEventListener('error', reject)
          document.body.append(frame)
        }),
      { id: host.id, address: pageAddress(host, origin) },
    )
    const frame = page.frame({ name: host.id })
    await frame.waitForFunction(() => 'bench' in globalThis)
    frames.set(host.id, frame)
  }
  return frames
}

/**
 * CPU time that the whole browser takes while nothing is asked of it: idle thread pools that spin would slow the
 * library whose turn it is.
 *
 * @param {import('playwright').BrowserContext} context
 * @returns {Promise<number>} seconds of CPU in one second
 */
export async function idleCpu(context) {
  const session = await context.browser().newBrowserCDPSession()
  const total = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0)
  }
  await pause(1000)
  const before = await total()
  await pause(1000)
  const after = await total()
  await session.detach()
  return after - before
}

/**
 * Opens a page that has its own handle on what it measures.
 *
 * @param {import('playwright').BrowserContext} context
 * @param {string} address
 * @param {string} handle name of the page's global
 */
export async function openPage(context, address, handle) {
  const page = await context.newPage()
  await page.goto(address)
  await page.waitForFunction((name) => name in globalThis, handle)
  return page
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
