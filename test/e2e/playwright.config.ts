/** The built demo under `vite preview`, in the Chromium that `npm test` found. */

import { fileURLToPath } from 'node:url'
import { defineConfig } from '@playwright/test'
import { chromiumArgs, chromiumCandidates, webgpuArgs } from '../../tools/test/find-chromium.mjs'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const port = Number(process.env['E2E_PORT'] ?? 4179)
const baseURL = `http://localhost:${String(port)}`
const report = process.env['E2E_REPORT']
const executablePath = chromiumCandidates()[0]?.path

export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results',
  globalSetup: './packed-package.ts',
  // Files beside each other, each with browsers and servers of its own; the tests of one in their order.
  workers: 2,
  fullyParallel: false,
  retries: 0,
  forbidOnly: process.env['CI'] !== undefined,
  timeout: 180_000,
  expect: { timeout: 60_000 },
  reporter: report === undefined ? [['list']] : [['list'], ['json', { outputFile: report }]],
  use: {
    baseURL,
    launchOptions: {
      args: [...chromiumArgs, ...webgpuArgs],
      ...(executablePath === undefined ? {} : { executablePath }),
    },
  },
  webServer: {
    command: `npm run build:demo && npm run preview -- --port ${String(port)} --strictPort`,
    cwd: repository,
    url: baseURL,
    // A server left over from another build would be tested instead of this one.
    reuseExistingServer: false,
    timeout: 300_000,
    stdout: 'ignore',
    stderr: 'pipe',
  },
})
