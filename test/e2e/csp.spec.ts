/** The policy that the README prints, on the page and on every script: everything runs under it, and what it guards is told. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import { chromiumArgs, chromiumCandidates, webgpuArgs } from '../../tools/test/find-chromium.mjs'
import { cosine } from '../../src/vectors/similarity.ts'
import { repository } from './packed-package.ts'
import { embed, SealedSite, type Outcome } from './sealed-site.ts'

const executablePath = chromiumCandidates()[0]?.path
test.use({
  launchOptions: {
    args: [...chromiumArgs, ...webgpuArgs, '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
    ...(executablePath === undefined ? {} : { executablePath }),
  },
})

/** The headers of the README, from the very block that people copy. */
const printed = Object.fromEntries(
  (/```http\n(.*?)```/s.exec(readFileSync(join(repository, 'README.md'), 'utf8'))?.[1] ?? '')
    .trim()
    .split('\n')
    .map((line) => line.split(': ', 2) as [string, string]),
)
const policy = printed['Content-Security-Policy'] ?? ''

const text = (
  JSON.parse(readFileSync(join(repository, 'test/fixtures/reference/texts.json'), 'utf8')) as string[]
)[0]
const reference = new Float32Array(
  Uint8Array.from(
    Buffer.from(
      (
        JSON.parse(
          readFileSync(join(repository, 'test/fixtures/reference/all-MiniLM-L6-v2.fp32.json'), 'utf8'),
        ) as { rows: { embedding: string }[] }
      ).rows[0]?.embedding ?? '',
      'base64',
    ),
  ).buffer,
)

let site: SealedSite

test.beforeAll(async () => {
  test.setTimeout(300_000)
  const model = ['--from', join(repository, 'models'), '--model', 'all-MiniLM-L6-v2']
  const small = [
    '--from',
    join(repository, 'test/fixtures/synthetic'),
    '--model',
    'bert-mean',
    '--dtype',
    'fp32',
  ]
  site = new SealedSite([['--runtime', 'jspi,wasm', ...model], small])
  await site.listen()
})

test.afterAll(() => {
  site.close()
})

test.beforeEach(() => {
  site.headers = () => printed
})

const run = (page: Page, options: object = {}): Promise<Outcome> =>
  embed(page, 'all-MiniLM-L6-v2', [text ?? ''], { device: 'wasm', ...options })

function expectRight({ error, vectors }: Outcome): void {
  expect(error).toBeNull()
  expect(cosine(Float32Array.from(vectors[0] ?? []), reference)).toBeGreaterThan(0.99)
}

test('the README prints the headers', () => {
  expect(Object.keys(printed)).toEqual([
    'Content-Security-Policy',
    'Cross-Origin-Opener-Policy',
    'Cross-Origin-Embedder-Policy',
  ])
})

for (const { name, options } of [
  { name: 'the CPU encoder', options: {} },
  { name: 'onnxruntime', options: { cpuRuntime: 'onnxruntime' } },
  { name: 'onnxruntime with two threads', options: { cpuRuntime: 'onnxruntime', threads: 2 } },
]) {
  test(`${name} runs under them, isolated, and nothing is violated`, async ({ page }) => {
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    await site.open(page)
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
    const outcome = await run(page, options)
    expectRight(outcome)
    expect(outcome.status?.backend?.threads).toBe('threads' in options ? options.threads : 1)
    expect(await page.evaluate(() => globalThis.violations())).toEqual([])
    expect(complaints).toEqual([])
  })

  test(`${name} runs under the policy alone, not isolated`, async ({ page }) => {
    site.headers = () => ({ 'Content-Security-Policy': policy })
    await site.open(page)
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false)
    const outcome = await run(page, options)
    expectRight(outcome)
    expect(outcome.status?.backend?.threads).toBe(1)
  })
}

test('WebGPU runs under them', async ({ page }) => {
  await site.open(page)
  // A small model: SwiftShader takes 20 s for the other one, to no other end.
  const { error, status } = await embed(page, 'bert-mean', ['red'], { device: 'webgpu' })
  expect(error).toBeNull()
  expect(status?.backend).toMatchObject({ device: 'webgpu', build: 'jspi' })
  expect(status?.backend?.knownAnswerCosine).toBeGreaterThan(0.9999)
})

/** The policy with one directive changed. */
function withDirective(name: string, value: string): Record<string, string> {
  const directives = policy.split('; ').filter((directive) => !directive.startsWith(`${name} `))
  expect(directives).toHaveLength(policy.split('; ').length - 1)
  return { ...printed, 'Content-Security-Policy': [...directives, `${name} ${value}`].join('; ') }
}

for (const cpuRuntime of ['auto', 'onnxruntime']) {
  test(`without 'wasm-unsafe-eval' (${cpuRuntime}): csp_blocked, naming the directive`, async ({ page }) => {
    site.headers = () => withDirective('script-src', "'self'")
    await site.open(page)
    const { error } = await run(page, { cpuRuntime })
    expect(error).toMatchObject({ code: 'csp_blocked', status: 500 })
    expect(error?.message).toContain("add 'wasm-unsafe-eval' to script-src")
  })
}

test('without connect-src: model_unreachable, naming the address and the directive', async ({ page }) => {
  site.headers = () => withDirective('connect-src', "'none'")
  await site.open(page)
  const { error } = await run(page)
  expect(error).toMatchObject({ code: 'model_unreachable', status: 503 })
  expect(error?.message).toContain('/embeddings/models/all-MiniLM-L6-v2/manifest.json')
  expect(error?.message).toContain('connect-src')
})

test('without worker-src: worker_terminated, naming the directive', async ({ page }) => {
  site.headers = () => withDirective('worker-src', "'none'")
  await site.open(page)
  const { error } = await run(page)
  expect(error).toMatchObject({ code: 'worker_terminated', status: 503 })
  expect(error?.message).toContain('worker-src')
})

test('Trusted Types are enforced on page and workers: the page lets its own scripts through by a policy', async ({
  page,
}) => {
  const enforced = { ...printed, 'Content-Security-Policy': `${policy}; require-trusted-types-for 'script'` }
  site.headers = () => enforced
  await site.open(page)
  await page.evaluate(() => globalThis.allowOwnWorkers())
  expectRight(await run(page, { cpuRuntime: 'onnxruntime', threads: 2 }))
})
