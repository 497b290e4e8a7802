/** Puts together the context of a question for a language model: the passages that matter, within a budget. */

import { splitText } from 'browser-embeddings/search'
import { cosine, embed } from './vectors.ts'

const HANDBOOK = `The boiler is in the cellar, behind the wooden door. To restart it, hold the red button for five seconds
and wait for the flame to show in the window. If the pressure gauge reads below one bar, open the filling valve until it
reads one and a half.

Rubbish is collected on Tuesdays. Paper goes into the blue bin and glass to the containers at the church.

The router stands on the shelf in the hall. Its password is printed on the underside. When the connection drops, unplug
it, count to ten, and plug it in again.

Quiet hours are from ten in the evening to seven in the morning. Parties need a word with the neighbours beforehand.`

/** Passages of the text with their vectors; made once. */
const passages = Promise.resolve(splitText(HANDBOOK, { targetLength: 200, maxLength: 300 })).then(
  async (parts) => {
    const vectors = await embed(parts.map(({ text }) => text))
    return parts.map(({ text }, index) => ({ text, vector: vectors[index] ?? [] }))
  },
)

/** The passages nearest to the question that fit into `budget` characters, in the order of the text. */
export async function contextFor(question: string, budget = 350): Promise<string> {
  const [query = []] = await embed([question])
  const ranked = (await passages)
    .map((passage, position) => ({ ...passage, position, score: cosine(query, passage.vector) }))
    .sort((a, b) => b.score - a.score)
  let room = budget
  const chosen = ranked.filter(({ text }) => (room -= text.length) >= 0)
  return chosen
    .sort((a, b) => a.position - b.position)
    .map(({ text }) => text)
    .join('\n\n')
}

/** Messages for any chat model, local or not. */
export async function messagesFor(question: string): Promise<{ role: string; content: string }[]> {
  const context = await contextFor(question)
  return [
    { role: 'system', content: `Answer from this context only:\n${context}` },
    { role: 'user', content: question },
  ]
}
