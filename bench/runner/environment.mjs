import { cpus, loadavg } from 'node:os'
import { chromiumVersion } from './browser.mjs'
import { hasHubModel, versions } from './locations.mjs'

/** @returns {Promise<Record<string, string>>} what the figures depend on */
export async function describeEnvironment() {
  const processors = cpus()
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    CPU: processors[0]?.model.trim() ?? 'unknown',
    cores: String(processors.length),
    'load before': loadavg()[0].toFixed(2),
    Chromium: await chromiumVersion(),
    ...versions,
    ...(!hasHubModel && {
      'left out': 'transformers.js: it has no model to run, as ../shared/models is not here',
    }),
  }
}
