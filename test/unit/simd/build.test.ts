import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compileEncoder } from '../../../tools/simd/build.mjs'

describe.each(['relaxed', 'plain', 'relaxed-shared', 'plain-shared'] as const)(
  'the committed %s build',
  (build) => {
    const committed = readFileSync(new URL(`../../../src/simd/encoder-${build}.wasm`, import.meta.url))

    it('is what its sources compile to', async () => {
      expect(Buffer.from(await compileEncoder(build)).equals(committed)).toBe(true)
    })
    it('is small, and needs nothing but a memory', () => {
      expect(committed.length).toBeLessThan(20_000)
      // Node 20 compiles relaxed SIMD only behind a flag.
      if (build.startsWith('plain')) {
        expect(WebAssembly.Module.imports(new WebAssembly.Module(committed))).toEqual([
          { module: 'env', name: 'memory', kind: 'memory' },
        ])
      }
    })
  },
)
