/** The library as it is published, in an app of its own: through Vite with no settings at all, and by an import map. */

import { cpSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import sirv from 'sirv'
import { build, createServer, preview } from 'vite'
import type { InlineConfig } from 'vite'
import { staticFolders } from '../../tools/serve/static-folders.ts'
import { appFolder, packedPackage, repository } from './packed-package.ts'

const models = join(repository, 'models')

let app = ''

test.beforeAll(() => {
  test.setTimeout(300_000)
  app = appFolder('consumer-app')
  cpSync(join(repository, 'test/e2e/consumer-app'), app, { recursive: true })
  cpSync(packedPackage, join(app, 'node_modules/browser-embeddings'), { recursive: true })
})

test.afterAll(() => {
  if (app !== '') rmSync(app, { recursive: true, force: true })
})

const plainViteApp = (): InlineConfig => ({
  root: app,
  configFile: false,
  logLevel: 'error',
  plugins: [staticFolders({ '/models': models }, { copy: true })],
})

async function expectEmbeddings(page: Page, url: string): Promise<void> {
  const missing: string[] = []
  page.on('response', (response) => {
    if (response.status() >= 400) missing.push(response.url())
  })
  await page.goto(url)
  await expect(page.locator('output')).toHaveText(JSON.stringify({ widths: [384, 384], search: true }))
  expect(missing).toEqual([])
}

test('a Vite app runs it in development', async ({ page }) => {
  const server = await createServer({ ...plainViteApp(), server: { port: 0, host: '127.0.0.1' } })
  try {
    await server.listen()
    await expectEmbeddings(page, server.resolvedUrls?.local[0] ?? '')
  } finally {
    await server.close()
  }
})

test('a Vite app runs it when built', async ({ page }) => {
  await build(plainViteApp())
  const server = await preview({ ...plainViteApp(), preview: { port: 0, host: '127.0.0.1' } })
  try {
    await expectEmbeddings(page, server.resolvedUrls?.local[0] ?? '')
  } finally {
    await server.close()
  }
})

test('a page without a bundler runs it from a subfolder, by an import map', async ({ page }) => {
  const folders = [
    { prefix: '/models/', serve: sirv(models) },
    { prefix: '/app/library/', serve: sirv(join(packedPackage, 'dist/bundle')) },
    { prefix: '/app/', serve: sirv(app) },
  ]
  const server = createHttpServer((request, response) => {
    const folder = folders.find(({ prefix }) => request.url?.startsWith(prefix))
    if (folder === undefined) {
      response.writeHead(404).end()
      return
    }
    request.url = (request.url ?? '').slice(folder.prefix.length - 1)
    folder.serve(request, response)
  })
  try {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await expectEmbeddings(page, `http://127.0.0.1:${port}/app/import-map.html`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
