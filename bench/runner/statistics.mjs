/** Summaries of repeated measurements. */

/**
 * @param {number[]} values
 * @param {number} share 0.5 is the median; between two values, their weighted mean
 */
export function quantile(values, share) {
  if (values.length === 0) return NaN
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = Math.floor(position)
  const above = Math.ceil(position)
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below)
}

export const median = (values) => quantile(values, 0.5)

/** p50, p95 and p99, a cell each. */
export const percentiles = (values, digits) =>
  [0.5, 0.95, 0.99].map((share) => (values.length === 0 ? '–' : quantile(values, share).toFixed(digits)))

/** `median (least–greatest)`. */
export function spread(values, digits) {
  const [least, greatest] = [Math.min(...values), Math.max(...values)]
  return `${median(values).toFixed(digits)} (${least.toFixed(digits)}–${greatest.toFixed(digits)})`
}

/** Round by round, so that what slows the whole machine for a while cancels out. */
export const ratios = (numerators, denominators) =>
  numerators.map((value, round) => value / denominators[round])

/** Their median as `4.07 ×`, or a dash where there is nothing to compare with. */
export function ratioCell(values) {
  return values.length === 0 ? '–' : `${median(values).toFixed(2)} ×`
}
