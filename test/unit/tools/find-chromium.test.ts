import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { chromiumCandidates } from '../../../tools/test/find-chromium.mjs'

describe.skipIf(process.platform === 'win32')('the search for a Chromium', () => {
  let folder = ''
  const executable = (path: string): string => {
    const file = join(folder, path)
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, '#!/bin/sh\n')
    chmodSync(file, 0o755)
    return file
  }
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'find-chromium-test-'))
    vi.stubEnv('CHROMIUM_PATH', '')
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true, force: true })
  })

  test('takes CHROMIUM_PATH and looks no further', () => {
    const path = executable('mine')
    executable('bin/chromium')
    vi.stubEnv('CHROMIUM_PATH', path)
    vi.stubEnv('PATH', join(folder, 'bin'))
    expect(chromiumCandidates()).toEqual([{ path, source: 'CHROMIUM_PATH' }])
  })
  test('refuses a CHROMIUM_PATH that names nothing to run', () => {
    for (const path of [join(folder, 'gone'), folder]) {
      vi.stubEnv('CHROMIUM_PATH', path)
      expect(() => chromiumCandidates()).toThrow(/CHROMIUM_PATH is .*not an executable file/)
    }
  })
  test('finds system ones on PATH, chromium before chrome, and passes over what cannot be run', () => {
    const chrome = executable('a/google-chrome')
    const chromium = executable('b/chromium')
    mkdirSync(join(folder, 'a/chromium'))
    vi.stubEnv('PATH', [join(folder, 'a'), join(folder, 'b'), join(folder, 'gone')].join(':'))
    const system = chromiumCandidates().filter(({ path }) => path.startsWith(folder))
    expect(system.map(({ path }) => path)).toEqual([chromium, chrome])
    expect(system.map(({ source }) => source)).toEqual(['system', 'system'])
  })
})
