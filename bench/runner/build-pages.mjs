/** Builds the benchmark pages. */

/** @typedef {'bench' | 'counts' | 'plain' | 'memory'} PageMode see vite.config.ts */

import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/**
 * @param {PageMode} mode
 * @returns {Promise<string>} folder of the built pages
 */
export async function buildPages(mode) {
  const outDir = fileURLToPath(new URL(`../../.cache/bench/${mode}/`, import.meta.url))
  await build({
    configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)),
    mode,
    // Vite's remarks on its own time would stand between the tables.
    logLevel: 'error',
    build: { outDir, emptyOutDir: true },
  })
  return outDir
}
