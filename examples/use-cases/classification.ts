/** Sorts texts into classes that are given by a few examples each: no training, only centres. */

import { cosine, embed, mean } from './vectors.ts'

const EXAMPLES: Readonly<Record<string, string[]>> = {
  billing: ['I was charged twice.', 'Where can I download my invoice?', 'Please refund my payment.'],
  account: ['I forgot my password.', 'How do I change my e-mail address?', 'My login does not work.'],
  delivery: ['Where is my parcel?', 'The order has not arrived yet.', 'Can you ship to Norway?'],
}

const labels = Object.keys(EXAMPLES)

/** One request for all examples; then the middle of each class. */
async function learn(): Promise<number[][]> {
  const vectors = await embed(Object.values(EXAMPLES).flat())
  return Object.values(EXAMPLES).map((examples) => mean(vectors.splice(0, examples.length)))
}

const centres = learn()

/** The class of each text, and how far it is ahead of the second best: near 0, better ask a person. */
export async function classify(texts: string[]): Promise<{ label: string; margin: number }[]> {
  const middle = await centres
  return (await embed(texts)).map((vector) => {
    const scores = middle.map((centre) => cosine(centre, vector) / Math.hypot(...centre))
    const [best = 0, second = 0] = scores.toSorted((a, b) => b - a)
    return { label: labels[scores.indexOf(best)] ?? '', margin: best - second }
  })
}
