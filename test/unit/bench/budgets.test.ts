/** What the benchmarks say of a budget, and the statistics under it. */

import { describe, expect, test } from 'vitest'
import { atLeast, atMost, budgetTable, milliseconds, times } from '../../../bench/runner/budgets.mjs'
import { tableMarkdown } from '../../../bench/runner/report.mjs'
import { median, quantile, ratioCell, ratios } from '../../../bench/runner/statistics.mjs'

describe('a budget', () => {
  test('is met up to its limit', () => {
    expect(atLeast('speed', 1.4, 1.4, times)).toEqual({
      what: 'speed',
      budget: '≥ 1.40 ×',
      measured: '1.40 ×',
      met: true,
    })
    expect(atLeast('speed', 1.4, 1.399, times).met).toBe(false)
    expect(atMost('time', 8, 8, milliseconds).met).toBe(true)
    expect(atMost('time', 8, 8.01, milliseconds)).toMatchObject({ budget: '≤ 8.0 ms', met: false })
  })

  test('without anything to compare with is neither met nor missed', () => {
    const row = atLeast('speed', 1.4, NaN, times)
    expect(row).toMatchObject({ measured: 'left out: nothing to compare with', met: null })
    expect(budgetTable([row, atMost('time', 8, 9, milliseconds)]).rows.map((cells) => cells[3])).toEqual([
      '–',
      'missed',
    ])
  })
})

describe('statistics', () => {
  test('quantiles lie between two values; of nothing there is none', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5)
    expect(quantile([10, 20], 0.95)).toBeCloseTo(19.5, 12)
    expect(median([])).toBeNaN()
  })

  test('ratios go round by round', () => {
    expect(ratios([2, 9], [1, 3])).toEqual([2, 3])
    expect(ratioCell(ratios([2, 9], [1, 3]))).toBe('2.50 ×')
    expect(ratioCell([])).toBe('–')
  })
})

test('a table is padded; one without rows is its notes', () => {
  expect(tableMarkdown({ title: 'T', columns: ['a', 'long'], rows: [['wide', '1']], notes: ['n'] })).toBe(
    '### T\n\n| a    | long |\n|------|------|\n| wide | 1    |\n\n- n\n',
  )
  expect(tableMarkdown({ title: 'T', columns: [], rows: [], notes: ['left out'] })).toBe(
    '### T\n\n- left out\n',
  )
})
