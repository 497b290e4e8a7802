/** `npx browser-embeddings copy-assets` of the packed package: what it copies, checks and refuses. No browser. */

import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { PackedApp, repository, type Ran } from './packed-package.ts'
import { SmallHub } from './small-hub.ts'

let app: PackedApp
let hub: SmallHub

const models = join(repository, 'models')
const ownModels = join(repository, 'test/fixtures/hub')
const runtime = join(repository, 'node_modules/onnxruntime-web/dist')

test.beforeAll(async () => {
  test.setTimeout(300_000)
  app = PackedApp.install()
  hub = new SmallHub('tester/own-cls', join(ownModels, 'own-cls'))
  await hub.listen()
})

test.afterAll(() => {
  hub.close()
  app.remove()
})

test.beforeEach(() => {
  rmSync(join(app.folder, 'public'), { recursive: true, force: true })
  hub.fault = 'none'
  hub.served.length = 0
})

const at = (path: string): string => join(app.folder, 'public', path)
const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

/** Every file in the folder, also hidden ones. */
function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
}

interface Index {
  onnxruntime: string
  files: { path: string; bytes: number; sha256: string }[]
}

const readIndex = (): Index => JSON.parse(readFileSync(at('browser-embeddings.json'), 'utf8')) as Index

/** The index lists every other file, with its very size and hash. */
function expectIndexed(): void {
  const listed = readIndex().files
  expect(listed.map(({ path }) => path)).toEqual(
    filesIn(at('')).filter((path) => path !== 'browser-embeddings.json'),
  )
  for (const { path, bytes, sha256: hash } of listed) {
    expect([path, bytes, hash]).toEqual([path, statSync(at(path)).size, sha256(at(path))])
  }
}

function expectDone({ code, output }: Ran): string {
  expect([code, output]).toEqual([0, output])
  return output
}

function expectRefused({ code, output }: Ran, exitCode: number, ...words: string[]): void {
  expect([code, output]).toEqual([exitCode, output])
  for (const word of words) expect(output).toContain(word)
  // A message, not a stack.
  expect(output).not.toMatch(/^\s+at /m)
}

test('the runtime: all builds of the installed onnxruntime, with an index; a second run changes nothing', () => {
  const output = expectDone(app.npxCopyAssets('public'))
  const names = ['', '.asyncify', '.jspi'].flatMap((build) =>
    ['mjs', 'wasm'].map((kind) => `ort-wasm-simd-threaded${build}.${kind}`),
  )
  expect(filesIn(at('runtime'))).toEqual(names.toSorted())
  for (const name of names) expect(sha256(at(`runtime/${name}`))).toBe(sha256(join(runtime, name)))
  expectIndexed()
  expect(readIndex().onnxruntime).toBe('1.30.0')
  expect(output).toMatch(/asyncify\.wasm \(26\.8 MB\) is over the 25 MiB/)

  const before = filesIn(at('runtime')).map((name) => statSync(at(`runtime/${name}`)).mtimeMs)
  expect(expectDone(app.copyAssets('public'))).toContain('copied 0, unchanged 6, removed 0')
  expect(filesIn(at('runtime')).map((name) => statSync(at(`runtime/${name}`)).mtimeMs)).toEqual(before)
})

test('fewer builds later: the others go, what is not ours stays, a damaged file is mended', () => {
  expectDone(app.copyAssets('public'))
  writeFileSync(at('runtime/notes.txt'), 'mine')
  writeFileSync(at('runtime/ort-wasm-simd-threaded.jspi.mjs'), 'mine by now')
  writeFileSync(at('runtime/ort-wasm-simd-threaded.mjs'), 'damaged')
  expect(expectDone(app.copyAssets('public', '--runtime', 'wasm'))).toContain(
    'copied 1, unchanged 1, removed 3',
  )
  expect(filesIn(at('runtime'))).toEqual([
    'notes.txt',
    'ort-wasm-simd-threaded.jspi.mjs',
    'ort-wasm-simd-threaded.mjs',
    'ort-wasm-simd-threaded.wasm',
  ])
  expect(sha256(at('runtime/ort-wasm-simd-threaded.mjs'))).toBe(
    sha256(join(runtime, 'ort-wasm-simd-threaded.mjs')),
  )
})

test('the library for pages without a bundler: without a second copy of the runtime', () => {
  expectDone(app.copyAssets('public', '--runtime', 'none', '--library'))
  const files = filesIn(at('library'))
  expect(files).toContain('index.js')
  // Two builds of the encoder, each with memory of its own and with shared memory.
  expect(files.filter((path) => path.endsWith('.wasm'))).toHaveLength(4)
  expect(files.filter((path) => path.includes('ort-wasm'))).toEqual([])
  expectIndexed()
})

test('a model with a manifest: as its manifest says, with its licence; models of earlier runs stay', () => {
  expectDone(
    app.copyAssets('public', '--runtime', 'none', '--from', ownModels, '--model', 'own-cls', '--dtype', 'fp32'),
  )
  expectDone(app.copyAssets('public', '--runtime', 'none', '--from', models, '--model', 'all-MiniLM-L6-v2'))
  const source = join(models, 'all-MiniLM-L6-v2')
  for (const path of filesIn(source).filter((name) => !/README|special_tokens/.test(name))) {
    expect([path, sha256(at(`models/all-MiniLM-L6-v2/${path}`))]).toEqual([path, sha256(join(source, path))])
  }
  expect(existsSync(at('models/own-cls/manifest.json'))).toBe(true)
  expectIndexed()
})

test('a model that is not what its manifest says: refused, and the folder is as it was', () => {
  const from = join(app.folder, 'damaged')
  cpSync(join(models, 'all-MiniLM-L6-v2'), join(from, 'all-MiniLM-L6-v2'), { recursive: true })
  const graph = join(from, 'all-MiniLM-L6-v2/onnx/model_q8_wasm.onnx')
  const bytes = readFileSync(graph)
  bytes[1_000_000] = (bytes[1_000_000] ?? 0) ^ 1
  writeFileSync(graph, bytes)
  const run = ['public', '--runtime', 'wasm', '--from', from, '--model', 'all-MiniLM-L6-v2']
  expectRefused(app.copyAssets(...run), 1, graph, sha256(graph), 'its manifest says')
  expect(filesIn(at(''))).toEqual([])

  writeFileSync(graph, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n')
  expectRefused(app.copyAssets(...run), 1, graph, 'git lfs pull')
  rmSync(from, { recursive: true })
})

test('a model without a manifest gets one from its own files; what they do not tell is said', () => {
  const words = ['public', '--runtime', 'none', '--from', ownModels, '--dtype', 'fp32']
  const output = expectDone(app.copyAssets(...words, '--model', 'own-cls', '--model', 'no-pooling'))
  const manifest: unknown = JSON.parse(readFileSync(at('models/own-cls/manifest.json'), 'utf8'))
  const record = (path: string): object => {
    const file = join(ownModels, 'own-cls', path)
    return { path, bytes: statSync(file).size, sha256: sha256(file) }
  }
  expect(manifest).toMatchObject({
    format: 1,
    id: 'own-cls',
    // own-cls/1_Pooling/config.json, sentence_bert_config.json, config.json
    recipe: { pooling: 'cls', maxTokens: 16, dimensions: [8] },
    variants: [
      { device: 'webgpu', dtype: 'fp32', file: 'onnx/model.onnx' },
      { device: 'wasm', dtype: 'fp32', file: 'onnx/model.onnx' },
    ],
    files: [record('tokenizer.json'), record('tokenizer_config.json'), record('onnx/model.onnx')],
  })
  expect(output).toContain('no manifest.json was written')
  expect(output).toContain('how token vectors are pooled')
  expect(filesIn(at('models/no-pooling'))).toEqual([
    'config.json',
    'onnx/model.onnx',
    'tokenizer.json',
    'tokenizer_config.json',
  ])
  expectIndexed()
})

const fromHub = (): string[] => [
  ...['public', '--runtime', 'none', '--hub', hub.url],
  ...['--model', 'tester/own-cls', '--dtype', 'fp32'],
]

test('from the hub: pinned to the commit, every file checked, large ones not fetched twice', async () => {
  expect(expectDone(await app.startCopyAssets(...fromHub()).ended)).toContain(`revision ${hub.commit}`)
  for (const path of filesIn(join(ownModels, 'own-cls'))) {
    expect([path, sha256(at(`models/tester/own-cls/${path}`))]).toEqual([
      path,
      sha256(join(ownModels, 'own-cls', path)),
    ])
  }
  const manifest: unknown = JSON.parse(readFileSync(at('models/tester/own-cls/manifest.json'), 'utf8'))
  expect(manifest).toMatchObject({ id: 'tester/own-cls', revision: hub.commit, recipe: { pooling: 'cls' } })
  expectIndexed()
  expect(hub.served.filter((path) => path === 'onnx/model.onnx')).toHaveLength(1)
  expect(expectDone(await app.startCopyAssets(...fromHub()).ended)).toContain('copied 0')
  expect(hub.served.filter((path) => path === 'onnx/model.onnx')).toHaveLength(1)
})

for (const { fault, told } of [
  { fault: 'wrong small file', told: 'the hub says' },
  { fault: 'wrong large file', told: 'onnx/model.onnx' },
  { fault: 'cut', told: 'broke off after 100 bytes' },
  { fault: 'no json', told: 'something else than JSON' },
] as const) {
  test(`from a hub at fault (${fault}): refused, and nothing is left`, async () => {
    hub.fault = fault
    expectRefused(await app.startCopyAssets(...fromHub()).ended, 1, hub.url.slice(0, 16), told)
    expect(filesIn(at(''))).toEqual([])
  })
}

test('interrupted in the middle of a download: the folder is as it was', async () => {
  mkdirSync(at(''), { recursive: true })
  writeFileSync(at('page.html'), 'mine')
  hub.fault = 'silent'
  const running = app.startCopyAssets(...fromHub())
  await expect.poll(() => hub.served).toContain('onnx/model.onnx')
  running.interrupt()
  expectRefused(await running.ended, 130, 'Interrupted')
  expect(filesIn(at(''))).toEqual(['page.html'])
})

test('a hub that cannot be reached or has no such model', async () => {
  const words = ['public', '--runtime', 'none', '--model', 'tester/none']
  expectRefused(await app.startCopyAssets(...words, '--hub', hub.url).ended, 1, 'tester/none', '404')
  expectRefused(app.copyAssets(...words, '--hub', 'http://127.0.0.1:1'), 1, 'http://127.0.0.1:1/', '--from')
  expect(filesIn(at(''))).toEqual([])
})

test('a dry run tells what would be done and writes nothing', () => {
  const output = expectDone(app.copyAssets('public', '--runtime', 'wasm', '--dry-run'))
  expect(output).toContain('would be copied: runtime/ort-wasm-simd-threaded.wasm (14.2 MB)')
  expect(existsSync(at(''))).toBe(false)
})

test('help, and a command line that is wrong: told by argument and value', async () => {
  expect(expectDone(app.copyAssets('--help'))).toContain('--from <folder>')
  const wrong: [string[], ...string[]][] = [
    [[], 'folder to copy to is missing'],
    [['a', 'b'], 'also given: b'],
    [['public', '--modle', 'x'], '--modle'],
    [['public', '--model', '../x'], '--model', '"../x"'],
    [['public', '--dtype', 'q9'], '--dtype', '"q9"', 'q4f16'],
    [['public', '--runtime', 'jsep'], '--runtime', '"jsep"', 'asyncify'],
    [['public', '--from', 'nowhere'], '--from', 'nowhere', 'does not exist'],
    [['public', '--hub', 'ftp://hub'], '--hub', '"ftp://hub"'],
    [['public', '--from', '.', '--revision', 'main'], '--revision'],
    [['package.json'], 'package.json', 'not a folder'],
    [['public', '--runtime', 'none'], 'nothing to copy'],
  ]
  for (const [words, ...told] of wrong) expectRefused(await app.startCopyAssets(...words).ended, 2, ...told)
  const missing = ['public', '--runtime', 'none', '--from', ownModels]
  expectRefused(app.copyAssets(...missing, '--model', 'nothing'), 1, '--from', join(ownModels, 'nothing'))
  expectRefused(app.copyAssets(...missing, '--model', 'own-cls'), 1, "'q8'", 'fp32')
  expect(existsSync(at(''))).toBe(false)
})

test('an index that is not ours is not written over', () => {
  mkdirSync(at(''), { recursive: true })
  writeFileSync(at('browser-embeddings.json'), '{"format":1,"files":[{"path":"../x","bytes":1,"sha256":""}]}')
  expectRefused(app.copyAssets('public', '--runtime', 'wasm'), 1, 'browser-embeddings.json', 'files[0].path')
  expect(filesIn(at(''))).toEqual(['browser-embeddings.json'])
})
