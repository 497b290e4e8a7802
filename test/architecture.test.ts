/** Holds the source tree to its rules, and shows on small wrong examples that the rules see what is wrong. */

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import {
  arrowViolations,
  demoViolations,
  importCycles,
  lengthFindings,
  nameViolations,
  originViolations,
  packageViolations,
  workerUrlViolations,
} from './architecture-rules.ts'
import type { SourceText } from './architecture-rules.ts'

const repository = fileURLToPath(new URL('..', import.meta.url))

function pathsUnder(folder: string, extension: RegExp): string[] {
  const absolute = join(repository, folder)
  if (!existsSync(absolute)) return []
  return readdirSync(absolute, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extension.test(entry.name))
    .map((entry) => relative(repository, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !/(?:^|\/)(?:node_modules|fixtures|public|results|\.[^/]+)\//.test(path))
    .sort()
}

const read = (path: string): SourceText => ({ path, text: readFileSync(join(repository, path), 'utf8') })
const file = (path: string, text = ''): SourceText => ({ path, text })

// AssemblyScript, compiled apart: its imports are not TypeScript's.
const sources = pathsUnder('src', /\.ts$/)
  .filter((path) => !/^src\/\w+\/assembly\//.test(path))
  .map(read)
const demo = pathsUnder('demo', /\.ts$/).map(read)

describe('the source tree', () => {
  test('has sources', () => {
    expect(sources.length).toBeGreaterThan(20)
  })
  test('has only allowed arrows', () => {
    expect(arrowViolations(sources)).toEqual([])
  })
  test('has no import cycles', () => {
    expect(importCycles([...sources, ...demo])).toEqual([])
  })
  test('imports packages only where they belong', () => {
    expect(packageViolations(sources)).toEqual([])
  })
  test('uses only the public names in the demo', () => {
    expect(demoViolations(demo)).toEqual([])
  })
  test('names no other origin but the hub', () => {
    expect(originViolations(sources)).toEqual([])
  })
  test('has a source for every worker URL', () => {
    expect(workerUrlViolations(sources)).toEqual([])
  })
  test('has telling file names in kebab-case', () => {
    const paths = ['src', 'bin', 'demo', 'test', 'tools', 'bench'].flatMap((folder) =>
      pathsUnder(folder, /\.(?:ts|js|mjs|css|html)$/),
    )
    expect(nameViolations(paths)).toEqual([])
  })
  test('has files of readable length', () => {
    const { long, violations } = lengthFindings([...sources, ...demo])
    if (long.length > 0) console.warn(`longer than they should be:\n${long.join('\n')}`)
    expect(violations).toEqual([])
  })
})

describe('the rules', () => {
  const errors = file('src/openai/errors.ts')
  const types = file('src/openai/types.ts')

  test('see an arrow that is not allowed, type imports, re-exports and dynamic imports included', () => {
    const texts = [
      "import { a } from '../engine/session.ts'",
      "import type { A } from '../engine/session.ts'",
      "export * from '../engine/session.ts'",
      "export type { A } from '../engine/session.ts'",
      "const a = await import('../engine/session.ts')",
      "let a: import('../engine/session.ts').A",
    ]
    for (const text of texts) {
      const found = arrowViolations([file('src/client/client.ts', text), file('src/engine/session.ts')])
      expect([text, found]).toEqual([text, ['src/client/client.ts: may not import src/engine/session.ts']])
    }
  })
  test('tell one file of a folder from the others', () => {
    const importing = (name: string): SourceText => file('src/models/store.ts', `import '../openai/${name}.ts'`)
    expect(arrowViolations([importing('errors'), errors])).toEqual([])
    expect(arrowViolations([importing('types'), types])).toHaveLength(1)
  })
  test('see an import of nothing and a folder without rules', () => {
    expect(arrowViolations([file('src/openai/encode.ts', "import './gone.ts'")])).toHaveLength(1)
    expect(arrowViolations([file('src/misc/thing.ts')])).toHaveLength(1)
  })
  test('see a cycle, of types too', () => {
    const cycle = [
      file('src/openai/a.ts', "import type { B } from './b.ts'"),
      file('src/openai/b.ts', "import { c } from './c.ts'"),
      file('src/openai/c.ts', "export { a } from './a.ts'"),
    ]
    expect(importCycles(cycle)).toEqual([
      'src/openai/a.ts → src/openai/b.ts → src/openai/c.ts → src/openai/a.ts',
    ])
    expect(importCycles(cycle.slice(0, 2))).toEqual([])
  })
  test('see a package where it does not belong', () => {
    const runtime = "import * as ort from 'onnxruntime-web/wasm'"
    const tokenizer = "import type { Tokenizer } from '@huggingface/tokenizers'"
    expect(packageViolations([file('src/engine/session.ts', runtime)])).toEqual([])
    expect(packageViolations([file('src/engine/backend.ts', runtime)])).toHaveLength(1)
    expect(packageViolations([file('src/engine/tokenizer.ts', tokenizer)])).toEqual([])
    expect(packageViolations([file('src/engine/batch.ts', tokenizer)])).toHaveLength(1)
    expect(packageViolations([file('src/openai/encode.ts', "import 'lodash'")])).toHaveLength(1)
  })
  test("let the runtime's files be named by URL anywhere", () => {
    const url = "new URL('onnxruntime-web/ort-wasm-simd-threaded.wasm', import.meta.url)"
    expect(packageViolations([file('src/engine/runtime-files.ts', url)])).toEqual([])
    expect(workerUrlViolations([file('src/engine/runtime-files.ts', url)])).toEqual([])
  })
  test('see a demo that reaches into the library', () => {
    const importing = (name: string): SourceText => file('demo/main.ts', `import '${name}'`)
    expect(demoViolations([importing('./view.ts'), importing('browser-embeddings/search')])).toEqual([])
    expect(demoViolations([importing('../src/engine/session.ts')])).toHaveLength(1)
    expect(demoViolations([importing('browser-embeddings/dist/x.js')])).toHaveLength(1)
  })
  test('see another origin in any kind of string, and only in strings', () => {
    const texts = [
      "'https://cdn.example/x'",
      '`http://example.org/${a}`',
      '`wss://example.org`',
      "'//example.org'",
    ]
    for (const text of texts)
      expect(originViolations([file('src/models/store.ts', `f(${text})`)])).toHaveLength(1)
    expect(originViolations([file('src/models/store.ts', "// see https://example.org\nf('https:')")])).toEqual(
      [],
    )
  })
  test("allow the hub's base in one file", () => {
    const hub = "const base = 'https://huggingface.co/'"
    expect(originViolations([file('src/models/hub-layout.ts', hub)])).toEqual([])
    expect(
      originViolations([file('src/models/hub-layout.ts', hub.replace('.co', '.co.example'))]),
    ).toHaveLength(1)
    expect(originViolations([file('src/models/download.ts', hub)])).toHaveLength(1)
  })
  test('see a worker URL without source, or one that bundlers cannot follow', () => {
    const spawn = (url: string): SourceText =>
      file('src/client/spawn.ts', `new Worker(new URL(${url}, import.meta.url), { type: 'module' })`)
    const entry = file('src/worker/service-entry.ts')
    expect(workerUrlViolations([spawn("'../worker/service-entry.js'"), entry])).toEqual([])
    expect(workerUrlViolations([spawn("'../worker/gone.js'"), entry])).toHaveLength(1)
    expect(workerUrlViolations([spawn('`../worker/${name}.js`'), entry])).toHaveLength(1)
  })
  test('see names', () => {
    expect(
      nameViolations(['src/engine/serial-queue.ts', 'test/types/openai.test-d.ts', 'vite.config.ts']),
    ).toEqual([])
    const wrong = [
      'src/engine/serialQueue.ts',
      'src/Engine/queue.ts',
      'src/engine/snake_case.ts',
      'src/utils.ts',
    ]
    for (const path of [...wrong, 'src/client/fetch-helpers.ts']) expect(nameViolations([path])).toHaveLength(1)
  })
  test('see length', () => {
    const lines = (count: number): SourceText => file('src/x/a.ts', 'x\n'.repeat(count))
    expect(lengthFindings([lines(250)])).toEqual({ long: [], violations: [] })
    expect(lengthFindings([lines(251)])).toEqual({ long: ['src/x/a.ts: 251 lines'], violations: [] })
    expect(lengthFindings([lines(401)])).toEqual({ long: [], violations: ['src/x/a.ts: 401 lines'] })
  })
})
