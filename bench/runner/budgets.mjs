/** What a benchmark measured against what was set out to be reached. Nothing fails: it is printed. */

/**
 * @typedef {object} BudgetRow
 * @property {string} what
 * @property {string} budget
 * @property {string} measured
 * @property {boolean | null} met null: not measured
 */

/**
 * @param {string} what
 * @param {number} least
 * @param {number} measured
 * @param {(value: number) => string} format
 * @returns {BudgetRow}
 */
export function atLeast(what, least, measured, format) {
  return row(what, `≥ ${format(least)}`, measured, format, measured >= least)
}

/**
 * @param {string} what
 * @param {number} most
 * @param {number} measured
 * @param {(value: number) => string} format
 * @returns {BudgetRow}
 */
export function atMost(what, most, measured, format) {
  return row(what, `≤ ${format(most)}`, measured, format, measured <= most)
}

function row(what, budget, measured, format, met) {
  if (!Number.isFinite(measured))
    return { what, budget, measured: 'left out: nothing to compare with', met: null }
  return { what, budget, measured: format(measured), met }
}

export const times = (value) => `${value.toFixed(2)} ×`
export const milliseconds = (value) => `${value.toFixed(1)} ms`
export const figures = (digits) => (value) => value.toFixed(digits)
export const whole = (unit) => (value) => `${Math.round(value)} ${unit}`

const verdict = (met) => (met === null ? '–' : met ? 'met' : 'missed')

/**
 * @param {BudgetRow[]} rows
 * @returns {import('./report.mjs').Table}
 */
export function budgetTable(rows) {
  return {
    title: 'Budgets',
    columns: ['what', 'budget', 'measured', ''],
    rows: rows.map(({ what, budget, measured, met }) => [what, budget, measured, verdict(met)]),
  }
}
