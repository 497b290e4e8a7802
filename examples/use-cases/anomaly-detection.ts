/** Finds what does not belong: the texts that are far from all the others. */

import { cosine, embed } from './vectors.ts'

export const TICKETS = [
  'Cannot print to the printer on the second floor.',
  'The printer says paper jam but there is no paper.',
  'Please install a new toner in the copy room.',
  'Printing in colour gives only grey pages.',
  'The scanner sends blurred files by mail.',
  'Grandmother was taken to hospital, I need the week off.',
  'Double-sided printing does not work any more.',
  'The copier asks for a code that I do not have.',
]

/**
 * Each text's distance to its nearest neighbours, 0 (the same) to 2, in the order of the texts.
 *
 * @param neighbours how many count; more than one, so that two odd texts do not vouch for each other
 */
export async function oddness(texts: string[], neighbours = 3): Promise<number[]> {
  const vectors = await embed(texts)
  return vectors.map((vector, index) => {
    const nearest = vectors
      .filter((_, other) => other !== index)
      .map((other) => cosine(vector, other))
      .sort((a, b) => b - a)
      .slice(0, neighbours)
    return 1 - nearest.reduce((sum, score) => sum + score, 0) / nearest.length
  })
}

/** Texts whose oddness lies more than `deviations` standard deviations above the mean. */
export async function outliers(texts: string[], deviations = 2): Promise<string[]> {
  const scores = await oddness(texts)
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length
  const deviation = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length)
  return texts.filter((_, index) => (scores[index] ?? 0) > mean + deviations * deviation)
}
