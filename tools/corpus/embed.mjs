/** Embeds texts with the library itself, in headless Chromium, against Vite's dev server. */

import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { createServer } from 'vite'
import { chromiumArgs, chromiumCandidates } from '../test/find-chromium.mjs'

const MODEL = 'all-MiniLM-L6-v2'
const TEXTS_PER_CALL = 256

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

/**
 * @param {string[]} texts
 * @param {(progress: { done: number, tokens: number, seconds: number }) => void} onProgress after each call
 * @returns {AsyncGenerator<{ rows: Float32Array[], fingerprint: string }>} vectors of the texts in order, call by call
 */
export async function* embed(texts, onProgress) {
  const server = await createServer({
    configFile: path('../../vite.config.ts'),
    root: path('.'),
    publicDir: false,
    server: { host: 'localhost', port: 4189, hmr: false },
    logLevel: 'warn',
  })
  await server.listen()
  const [{ path: executablePath } = {}] = chromiumCandidates()
  const browser = await chromium.launch({ args: chromiumArgs, ...(executablePath && { executablePath }) })
  try {
    const page = await browser.newPage()
    page.on('console', (message) => message.type() === 'error' && console.error(message.text()))
    page.on('pageerror', (error) => console.error(error.message))
    await page.goto(new URL('embed.html', server.resolvedUrls.local[0]).href)
    // Vite finds dependencies at the first visit and may reload the page once for them.
    await page.waitForFunction(() => 'client' in globalThis)
    await page.evaluate((model) => globalThis.client.models.load(model), MODEL)

    const started = performance.now()
    let tokens = 0
    for (let done = 0; done < texts.length; done += TEXTS_PER_CALL) {
      const response = await page.evaluate(
        // A passage full of figures may have more than 256 tokens: its vector is that of its beginning.
        ([model, input]) =>
          globalThis.client.embeddings.create(
            { model, input, encoding_format: 'base64', truncate: true },
            { priority: 'background', timeout: 600_000 },
          ),
        [MODEL, texts.slice(done, done + TEXTS_PER_CALL)],
      )
      tokens += response.usage.total_tokens
      onProgress({ done: done + response.data.length, tokens, seconds: (performance.now() - started) / 1000 })
      yield {
        rows: response.data.map(({ embedding }) => decode(embedding)),
        fingerprint: response.system_fingerprint,
      }
    }
  } finally {
    await browser.close()
    await server.close()
  }
}

function decode(base64) {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
  return new Float32Array(bytes.buffer)
}
