/** Groups texts that mean similar things: k-means on vectors of length 1. */

import { cosine, embed, mean } from './vectors.ts'

export const FEEDBACK = [
  'The parcel arrived three days late.',
  'Delivery took more than a week.',
  'My order still has not been shipped.',
  'I was charged twice for the same invoice.',
  'The refund is missing on my bank statement.',
  'Why did you bill my credit card again?',
  'The app crashes whenever I open the camera.',
  'After the update the program freezes on start.',
  'It keeps closing by itself on my phone.',
]

/** Starts with texts that are far from each other, so that the result does not depend on chance. */
function seeds(vectors: readonly number[][], count: number): number[][] {
  const chosen = [vectors[0] ?? []]
  while (chosen.length < count) {
    const nearest = vectors.map((vector) => Math.max(...chosen.map((seed) => cosine(seed, vector))))
    chosen.push(vectors[nearest.indexOf(Math.min(...nearest))] ?? [])
  }
  return chosen
}

/** The number of its group for each text, `0` to `count - 1`. */
export async function cluster(texts: string[], count: number, rounds = 10): Promise<number[]> {
  const vectors = await embed(texts)
  let centres = seeds(vectors, count)
  let groups: number[] = []
  for (let round = 0; round < rounds; round++) {
    groups = vectors.map((vector) => {
      const scores = centres.map((centre) => cosine(centre, vector) / Math.hypot(...centre))
      return scores.indexOf(Math.max(...scores))
    })
    centres = centres.map((centre, group) => {
      const members = vectors.filter((_, index) => groups[index] === group)
      return members.length === 0 ? centre : mean(members)
    })
  }
  return groups
}
