/** Reads the runners' JSON reports: how many tests passed, failed and were left out. */

import { existsSync, readFileSync } from 'node:fs'

/**
 * What one runner did.
 *
 * @typedef {object} Tally
 * @property {number} passed tests
 * @property {number} failed tests, test files that did not load, and a runner that crashed
 * @property {string[]} skipped names of the tests left out
 * @property {string[]} notes what went wrong, a line each: every failed test by name, and what failed outside the tests
 */

/**
 * @param {string} name of a failed test
 * @param {string | undefined} message what it said
 * @returns {string} both on one line: a log that is cut at its start still names what failed
 */
function failureNote(name, message) {
  // Without the terminal's colours.
  const [first = ''] = (message ?? '').replace(/\u001b\[[\d;]*m/g, '').split('\n')
  return first === '' ? `failed: ${name}` : `failed: ${name}: ${first.slice(0, 300)}`
}

/**
 * @typedef {{ status: string, fullName: string, failureMessages?: string[] }} VitestAssertion
 * @typedef {{ name: string, status: string, assertionResults: VitestAssertion[] }} VitestFile
 * @typedef {{ testResults: VitestFile[] }} VitestReport
 */

/**
 * @param {VitestReport} report of vitest's `json` reporter
 * @returns {Tally} what it says
 */
export function tallyVitest(report) {
  /** @type {Tally} */
  const tally = { passed: 0, failed: 0, skipped: [], notes: [] }
  for (const file of report.testResults) {
    let failedHere = 0
    for (const { status, fullName, failureMessages } of file.assertionResults) {
      if (status === 'passed') tally.passed += 1
      else if (status === 'failed') {
        failedHere += 1
        tally.notes.push(failureNote(fullName, failureMessages?.[0]))
      } else tally.skipped.push(fullName)
    }
    // A file that throws while it loads, or in a hook, fails without any failed test in it.
    if (file.status === 'failed' && failedHere === 0) {
      failedHere = 1
      tally.notes.push(`${file.name} failed outside its tests`)
    }
    tally.failed += failedHere
  }
  return tally
}

/**
 * @typedef {{ status: string, results?: { error?: { message?: string } }[] }} PlaywrightTest
 * @typedef {{ title: string, tests: PlaywrightTest[] }} PlaywrightSpec
 * @typedef {{ title: string, specs?: PlaywrightSpec[], suites?: PlaywrightSuite[] }} PlaywrightSuite
 * @typedef {{ suites: PlaywrightSuite[], errors: { message?: string }[] }} PlaywrightReport
 */

/**
 * @param {PlaywrightReport} report of Playwright's `json` reporter
 * @returns {Tally} what it says
 */
export function tallyPlaywright(report) {
  /** @type {Tally} */
  const tally = { passed: 0, failed: 0, skipped: [], notes: [] }
  /** @param {PlaywrightSuite} suite with those inside it */
  const visit = (suite) => {
    for (const spec of suite.specs ?? []) {
      for (const { status, results } of spec.tests) {
        if (status === 'expected') tally.passed += 1
        else if (status === 'skipped') tally.skipped.push(spec.title)
        else {
          // `flaky` passed only on another try: that is a fault too.
          tally.failed += 1
          tally.notes.push(failureNote(spec.title, results?.[0]?.error?.message))
        }
      }
    }
    suite.suites?.forEach(visit)
  }
  report.suites.forEach(visit)
  // Errors outside tests: a file that does not load, a web server that does not start.
  tally.failed += report.errors.length
  tally.notes.push(...report.errors.map(({ message }) => message ?? 'error without a message'))
  return tally
}

/**
 * The tally of a runner that has ended, its exit code taken into account.
 *
 * @param {'vitest' | 'playwright'} runner that wrote the report
 * @param {string} path of the report
 * @param {{ code: number | null, ending: string }} exit how the runner ended
 * @returns {Tally} with at least one failure unless the runner ended well and left a report
 */
export function readTally(runner, path, exit) {
  if (!existsSync(path)) {
    return {
      passed: 0,
      failed: 1,
      skipped: [],
      notes: [`${runner} ended with ${exit.ending} and left no report`],
    }
  }
  /** @type {unknown} */
  const report = JSON.parse(readFileSync(path, 'utf8'))
  const tally =
    runner === 'vitest'
      ? tallyVitest(/** @type {VitestReport} */ (report))
      : tallyPlaywright(/** @type {PlaywrightReport} */ (report))
  if (exit.code !== 0 && tally.failed === 0) {
    tally.failed = 1
    tally.notes.push(`${runner} ended with ${exit.ending} though no test failed (an error outside the tests?)`)
  }
  return tally
}
