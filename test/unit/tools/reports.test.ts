/** `npm test` must never say that all passed when something did not. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readTally, tallyPlaywright, tallyVitest } from '../../../tools/test/reports.mjs'

const assertion = (status: string, fullName = status): { status: string; fullName: string } => ({
  status,
  fullName,
})

describe('vitest reports', () => {
  test('are counted by test', () => {
    const assertionResults = ['passed', 'passed', 'skipped', 'todo'].map((status) => assertion(status))
    const failed = {
      ...assertion('failed', 'group test'),
      failureMessages: ['\u001b[31mError\u001b[39m: too late\n    at line 3'],
    }
    const report = {
      testResults: [{ name: 'a.test.ts', status: 'failed', assertionResults: [...assertionResults, failed] }],
    }
    expect(tallyVitest(report)).toEqual({
      passed: 2,
      failed: 1,
      skipped: ['skipped', 'todo'],
      notes: ['failed: group test: Error: too late'],
    })
  })
  test('count a file that fails outside its tests', () => {
    const report = {
      testResults: [{ name: 'a.test.ts', status: 'failed', assertionResults: [assertion('passed')] }],
    }
    expect(tallyVitest(report)).toMatchObject({
      passed: 1,
      failed: 1,
      notes: ['a.test.ts failed outside its tests'],
    })
  })
})

describe('Playwright reports', () => {
  test('are counted in nested suites; flaky is failed', () => {
    const spec = (...statuses: string[]): { title: string; tests: { status: string }[] } => ({
      title: 'a spec',
      tests: statuses.map((status) => ({ status })),
    })
    const suites = [
      {
        title: 'file',
        specs: [spec('expected')],
        suites: [{ title: 'group', specs: [spec('unexpected', 'flaky')] }],
      },
      { title: 'other file', specs: [spec('skipped'), spec('expected')] },
    ]
    const notes = ['failed: a spec', 'failed: a spec']
    const expected = { passed: 2, failed: 2, skipped: ['a spec'], notes }
    expect(tallyPlaywright({ suites, errors: [] })).toEqual(expected)
  })
  test('count errors outside the tests', () => {
    const report = { suites: [], errors: [{ message: 'the web server did not start' }] }
    expect(tallyPlaywright(report)).toMatchObject({ failed: 1, notes: ['the web server did not start'] })
  })
})

describe('a runner', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'reports-test-'))
  })
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  test('that leaves no report has failed', () => {
    const tally = readTally('vitest', join(folder, 'none.json'), { code: null, ending: 'signal SIGKILL' })
    expect(tally).toMatchObject({ passed: 0, failed: 1 })
  })
  test('that ends badly has failed, though no test did', () => {
    const path = join(folder, 'passed.json')
    const testResults = [{ name: 'a.test.ts', status: 'passed', assertionResults: [assertion('passed')] }]
    writeFileSync(path, JSON.stringify({ testResults }))
    expect(readTally('vitest', path, { code: 0, ending: 'exit code 0' })).toMatchObject({
      passed: 1,
      failed: 0,
    })
    expect(readTally('vitest', path, { code: 1, ending: 'exit code 1' })).toMatchObject({
      passed: 1,
      failed: 1,
    })
  })
})
