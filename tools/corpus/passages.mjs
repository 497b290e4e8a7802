/** Addresses cut into passages by the library's own splitter. */

import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

/**
 * About 140 words, and short enough for the 256 tokens of the model even where a passage is full of figures.
 */
export const SPLIT = { targetLength: 820, maxLength: 1040, locale: 'en' }

/**
 * @param {import('./addresses.mjs').Address[]} addresses
 * @returns {Promise<{ bounds: number[][], texts: string[] }>} for each address start and end of every passage, in turn;
 *   and the texts of all passages, in order
 */
export async function cutPassages(addresses) {
  // The library is TypeScript, which Node 20 does not run.
  const { module } = await runnerImport(fileURLToPath(new URL('../../src/search/index.ts', import.meta.url)))
  const passages = addresses.map(({ text }) => module.splitText(text, SPLIT))
  return {
    bounds: passages.map((list) => list.flatMap(({ start, end }) => [start, end])),
    texts: passages.flatMap((list) => list.map(({ text }) => text)),
  }
}
