/** Keeps one of several texts that say the same in other words. */

import { cosine, embed } from './vectors.ts'

export const QUESTIONS = [
  'How can I reset my password?',
  'What is the way to reset a password?',
  'How do I change the password that I forgot?',
  'Which payment methods do you accept?',
  'What forms of payment are accepted?',
  'Do you ship to other countries?',
  'Is international shipping available?',
  'Can I cancel my subscription at any time?',
]

/**
 * Groups of texts that mean the same, each led by the first of its kind.
 *
 * @param threshold least cosine of a duplicate; measure it on pairs of your own
 */
export async function groupDuplicates(texts: string[], threshold = 0.7): Promise<string[][]> {
  const vectors = await embed(texts)
  const groups: { leader: number[]; members: string[] }[] = []
  for (const [index, text] of texts.entries()) {
    const vector = vectors[index] ?? []
    const group = groups.find(({ leader }) => cosine(leader, vector) >= threshold)
    if (group === undefined) groups.push({ leader: vector, members: [text] })
    else group.members.push(text)
  }
  return groups.map(({ members }) => members)
}
