/** The package's entries: each has a source, types, and a name that the tests and the demo resolve to that source. */

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const repository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const manifest = JSON.parse(readFileSync(repository('package.json'), 'utf8'))

const entries = Object.entries(manifest.exports as Record<string, { types: string; default: string } | string>)
const modules = entries.flatMap(([name, target]) =>
  typeof target === 'string' ? [] : [[name, target] as const],
)

describe.each(modules)('the entry %s', (_name, target) => {
  const source = target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')

  test('is built from a source file', () => {
    expect(existsSync(repository(source))).toBe(true)
  })

  test('has the types of the same file, named first', () => {
    expect(target.types).toBe(target.default.replace(/\.js$/, '.d.ts'))
    expect(Object.keys(target)).toEqual(['types', 'default'])
  })
})

test('every adapter is an entry', () => {
  const names = modules.map(([name]) => name)
  for (const name of ['ai-sdk', 'langchain', 'orama', 'semantic-embedder']) {
    expect(names).toContain(`./adapters/${name}`)
  }
  expect(names).toEqual(expect.arrayContaining(['.', './search', './service-worker', './service-worker/page']))
})

test('what the adapters need is optional, and nothing else is a peer', () => {
  expect(Object.keys(manifest.peerDependencies).sort()).toEqual(
    Object.keys(manifest.peerDependenciesMeta).sort(),
  )
  for (const { optional } of Object.values<{ optional: boolean }>(manifest.peerDependenciesMeta)) {
    expect(optional).toBe(true)
  }
  expect(Object.keys(manifest.dependencies)).toHaveLength(3)
})

test('bundlers keep the modules that work by being imported', () => {
  expect(manifest.sideEffects).toContain('./dist/adapters/service-worker/route.js')
})
