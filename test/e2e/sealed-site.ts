/** The app in `sealed-app/` with what `copy-assets` put beside it, and a server that has nothing else. */

import { cpSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import sirv from 'sirv'
import type { ModelStatus } from '../../src/index.ts'
import { PackedApp, repository } from './packed-package.ts'

/** What the page's `embedSealed` tells. */
export interface Outcome {
  vectors: number[][]
  error: { code: string; status: number; message: string } | null
  status: ModelStatus | null
}

declare global {
  var embedSealed: (model: string, input: string[], options: object) => Promise<Outcome>
  var keepForOffline: () => Promise<void>
  var violations: () => string[]
  var allowOwnWorkers: () => void
}

/** A site on an address of its own. */
export class SealedSite {
  /** Answered requests, in their order. */
  readonly requests: string[] = []
  /** Headers of every answer, by its path. */
  headers: (path: string) => Record<string, string> = () => ({})
  url = ''
  readonly #app: PackedApp
  readonly #server: Server

  /** @param copied options of `copy-assets`, for one run each */
  constructor(copied: readonly (readonly string[])[]) {
    this.#app = PackedApp.install()
    const folder = join(this.#app.folder, 'public')
    cpSync(join(repository, 'test/e2e/sealed-app'), folder, { recursive: true })
    for (const words of copied) {
      const { code, output } = this.#app.copyAssets('public/embeddings', '--library', ...words)
      if (code !== 0) throw new Error(output)
    }
    const serve = sirv(folder, { dev: true, etag: true })
    this.#server = createServer((request, response) => {
      const path = (request.url ?? '').replace(/\?.*/, '')
      this.requests.push(path)
      for (const [name, value] of Object.entries(this.headers(path))) response.setHeader(name, value)
      serve(request, response)
    })
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/`
  }

  /** Opens the app; the address is new each time, as a page that is answered 304 keeps its old headers. */
  async open(page: Page): Promise<void> {
    await page.goto(`${this.url}?${String(Math.random())}`)
    await page.waitForFunction(() => document.title === 'ready')
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
    this.#app.remove()
  }
}

/** Runs the page's `embedSealed`. */
export function embed(page: Page, model: string, input: string[], options: object = {}): Promise<Outcome> {
  return page.evaluate(([id, texts, given]) => globalThis.embedSealed(id, texts, given), [
    model,
    input,
    options,
  ] as const)
}
