/** Test collections and the figures that are usual for them; `reference.py` computes the same natively. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Cranfield writes ` .` and breaks lines anywhere. */
const clean = (text) =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ([.,;])/g, '$1')
    .trim()

/**
 * @param {string} file STS Benchmark, tab-separated, without quoting
 * @returns {{ score: number, first: string, second: string }[]} scores 0 to 5
 */
export function readStsBenchmark(file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.replace(/\r$/, '').split('\t'))
    .filter((cells) => cells.length >= 7)
    .map((cells) => ({ score: Number(cells[4]), first: cells[5], second: cells[6] }))
}

/**
 * @param {string} folder `cran.all.1400`, `cran.qry`, `cranqrel`
 * @returns {{ documents: string[], queries: string[], relevant: Map<number, Set<number>> }} a document is its title and
 *   abstract, two are empty; `relevant`: documents of a grade above 0 by query, both counted from 0
 */
export function readCranfield(folder) {
  // The queries come with the line ends of Windows.
  const read = (file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n')
  const documents = read('cran.all.1400')
    .split(/^\.I \d+\n/m)
    .slice(1)
    .map((part) => {
      const title = clean(/^\.T\n(.*?)^\.A$/ms.exec(part)?.[1] ?? '')
      const body = clean(/^\.W\n(.*)/ms.exec(part)?.[1] ?? '')
      // An abstract begins with its title, which stays there once.
      return body.startsWith(title) ? body : `${title} ${body}`.trim()
    })
  const queries = read('cran.qry')
    .split(/^\.I \d+\n\.W\n/m)
    .slice(1)
    .map(clean)
  const relevant = new Map()
  for (const line of read('cranqrel').trim().split('\n')) {
    const [query, document, grade] = line.trim().split(/\s+/).map(Number)
    if (grade > 0) relevant.set(query - 1, (relevant.get(query - 1) ?? new Set()).add(document - 1))
  }
  return { documents, queries, relevant }
}

/** Cosine of two vectors of any length but zero. */
export function cosine(left, right) {
  let [product, squares, others] = [0, 0, 0]
  for (let i = 0; i < left.length; i++) {
    product += left[i] * right[i]
    squares += left[i] ** 2
    others += right[i] ** 2
  }
  return product / Math.sqrt(squares * others)
}

/** Ranks from 1, in which ties share their mean. */
function ranks(values) {
  const order = Array.from(values.keys()).sort((a, b) => values[a] - values[b])
  const found = new Array(values.length)
  for (let start = 0; start < order.length;) {
    let end = start + 1
    while (end < order.length && values[order[end]] === values[order[start]]) end++
    for (let place = start; place < end; place++) found[order[place]] = (start + end + 1) / 2
    start = end
  }
  return found
}

/** Spearman's rank correlation, −1 to 1. */
export function spearman(left, right) {
  const centred = (values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    return values.map((value) => value - mean)
  }
  return cosine(centred(ranks(left)), centred(ranks(right)))
}

/**
 * Normalised discounted cumulative gain of the best `cut`; a document is relevant or not (Järvelin & Kekäläinen 2002).
 *
 * @param {ArrayLike<number>} scores one a document; NaN is never found
 * @param {Set<number>} relevant
 */
export function ndcg(scores, relevant, cut = 10) {
  const ranking = Array.from(scores, (score, document) => ({ score, document }))
    .filter(({ score }) => !Number.isNaN(score))
    .sort((a, b) => b.score - a.score || a.document - b.document)
    .slice(0, cut)
  const discount = (rank) => 1 / Math.log2(rank + 2)
  const gain = ranking.reduce(
    (sum, { document }, rank) => sum + (relevant.has(document) ? discount(rank) : 0),
    0,
  )
  const ideal = Array.from({ length: Math.min(cut, relevant.size) }, (_, rank) => discount(rank))
  return gain / ideal.reduce((sum, value) => sum + value, 0)
}
