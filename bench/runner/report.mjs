/** Results as Markdown on the terminal and as files. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { results } from './locations.mjs'

/**
 * @typedef {object} Table
 * @property {string} title
 * @property {string[]} columns
 * @property {string[][]} rows
 * @property {string[]} [notes]
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
function tableMarkdown(table) {
  const notes = (table.notes ?? []).map((note) => `- ${note}`)
  return [`### ${table.title}`, '', ...tableLines(table), '', ...notes, ...(notes.length > 0 ? [''] : [])].join(
    '\n',
  )
}

/**
 * Prints one benchmark and writes `bench/results/<name>.md` and `.json`.
 *
 * @param {string} name
 * @param {Record<string, string>} environment
 * @param {{ tables: Table[], raw: unknown }} outcome
 */
export function report(name, environment, { tables, raw }) {
  const facts = Object.entries(environment).map(([key, value]) => `${key}: ${value}`)
  const markdown = `## ${name}\n\n${facts.join('; ')}\n\n${tables.map(tableMarkdown).join('\n')}`
  mkdirSync(results, { recursive: true })
  writeFileSync(join(results, `${name}.md`), markdown)
  writeFileSync(
    join(results, `${name}.json`),
    `${JSON.stringify({ name, environment, tables, raw }, null, 2)}\n`,
  )
  console.log(`\n${markdown}`)
}
