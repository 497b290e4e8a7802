/** Results as Markdown on the terminal and as files. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { budgetTable } from './budgets.mjs'
import { results } from './locations.mjs'

/**
 * @typedef {object} Table
 * @property {string} title
 * @property {string[]} columns
 * @property {string[][]} rows
 * @property {string[]} [notes]
 */

/**
 * What a benchmark gives.
 *
 * @typedef {object} Outcome
 * @property {string} name
 * @property {Table[]} tables
 * @property {import('./budgets.mjs').BudgetRow[]} [budgets]
 * @property {unknown} raw
 * @property {number} seconds that it took
 */

/** Padded, so that the table can also be read as plain text. */
function tableLines({ columns, rows }) {
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => row[index].length)),
  )
  const line = (cells) => `| ${cells.map((cell, index) => cell.padEnd(widths[index])).join(' | ')} |`
  return [line(columns), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)]
}

/** @param {Table} table */
export function tableMarkdown(table) {
  const notes = (table.notes ?? []).map((note) => `- ${note}`)
  const head = [`### ${table.title}`, '']
  const body = table.rows.length === 0 ? [] : [...tableLines(table), '']
  return [...head, ...body, ...notes, ...(notes.length > 0 ? [''] : [])].join('\n')
}

const facts = (environment) =>
  Object.entries(environment)
    .map(([key, value]) => `${key}: ${value}`)
    .join('; ')

const duration = (seconds) => `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`

function write(name, markdown, content) {
  mkdirSync(results, { recursive: true })
  writeFileSync(join(results, `${name}.md`), markdown)
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(content, null, 2)}\n`)
}

/**
 * Prints one benchmark and writes `bench/results/<name>.md` and `.json`.
 *
 * @param {Record<string, string>} environment
 * @param {Outcome} outcome
 */
export function report(environment, outcome) {
  const { name, tables, budgets = [] } = outcome
  const all = budgets.length > 0 ? [...tables, budgetTable(budgets)] : tables
  const markdown = `## ${name}\n\n${facts(environment)}\n\n${all.map(tableMarkdown).join('\n')}`
  write(name, markdown, { environment, ...outcome })
  console.log(`\n${markdown}`)
}

/**
 * Prints everything that ran as one: the budgets first, then every table.
 *
 * @param {Record<string, string>} environment
 * @param {Outcome[]} outcomes
 * @param {{ write: boolean, total: number }} options whether to write `bench/results/summary.md` and `.json`; seconds
 */
export function reportSummary(environment, outcomes, options) {
  const budgets = outcomes.flatMap((outcome) => outcome.budgets ?? [])
  const parts = {
    title: 'Time of each benchmark',
    columns: ['benchmark', 'seconds'],
    rows: [
      ...outcomes.map(({ name, seconds }) => [name, seconds.toFixed(0)]),
      ['all, with the pages built', options.total.toFixed(0)],
    ],
  }
  const markdown = [
    `Measured by \`npm run bench\`. ${facts(environment)}; took ${duration(options.total)}.`,
    '',
    ...(budgets.length > 0 ? [tableMarkdown(budgetTable(budgets))] : []),
    ...outcomes.flatMap(({ tables }) => tables.map(tableMarkdown)),
    tableMarkdown(parts),
  ].join('\n')
  const content = { environment, seconds: options.total, budgets, outcomes }
  if (options.write) write('summary', markdown, content)
  console.log(`\n${markdown}`)
}
