/** The use cases of `examples/use-cases`, each by its outcome. */

import { afterAll, expect, test } from 'vitest'
import { outliers, TICKETS } from '../../../examples/use-cases/anomaly-detection.ts'
import { classify } from '../../../examples/use-cases/classification.ts'
import { cluster, FEEDBACK } from '../../../examples/use-cases/clustering.ts'
import { groupDuplicates, QUESTIONS } from '../../../examples/use-cases/deduplication.ts'
import { contextFor, messagesFor } from '../../../examples/use-cases/rag-context.ts'
import { recommend } from '../../../examples/use-cases/recommendation.ts'
import { search } from '../../../examples/use-cases/semantic-search.ts'
import { client } from '../../../examples/use-cases/vectors.ts'

afterAll(() => client.close())

test('semantic search finds the passage that shares no word with the question', async () => {
  expect((await search('How much holiday do I get?'))[0]?.passage).toContain('paid leave')
  expect((await search('having a baby'))[0]?.passage).toContain('New parents')
  expect((await search('When can I eat breakfast?', 1)).map(({ passage }) => passage)).toEqual([
    expect.stringContaining('cafeteria'),
  ])
})

test('RAG context holds the passage that answers, within its budget', async () => {
  const context = await contextFor('The heating is off, what do I do?')
  expect(context).toContain('boiler')
  expect(context).not.toContain('Rubbish')
  expect(context.length).toBeLessThanOrEqual(350)
  const [system, user] = await messagesFor('The internet does not work')
  expect(system?.content).toContain('router')
  expect(user).toEqual({ role: 'user', content: 'The internet does not work' })
})

test('clustering separates delivery, billing and crashes', async () => {
  const groups = await cluster(FEEDBACK, 3)
  const [delivery, billing, crashes] = [groups.slice(0, 3), groups.slice(3, 6), groups.slice(6)]
  for (const group of [delivery, billing, crashes]) expect(new Set(group).size).toBe(1)
  expect(new Set(groups).size).toBe(3)
})

test('recommendation follows what was liked, and leaves what was not', async () => {
  const forSpace = await recommend(['Red Planet Down', 'The Long Orbit'])
  expect(forSpace[0]).toBe('Signal from Europa')
  expect(forSpace).not.toContain('Red Planet Down')
  const noCrime = await recommend(['Sugar and Salt'], ['Night Shift'])
  expect(noCrime.at(-1)).toBe('The Cold Case')
})

test('anomaly detection finds the ticket that is not about printing', async () => {
  expect(await outliers(TICKETS)).toEqual([expect.stringContaining('Grandmother')])
})

test('classification puts texts into the class of similar examples', async () => {
  const results = await classify([
    'The package was supposed to be here on Monday.',
    'My credit card shows the amount two times.',
    'The page says that my user name is wrong.',
  ])
  expect(results.map(({ label }) => label)).toEqual(['delivery', 'billing', 'account'])
  for (const { margin } of results) expect(margin).toBeGreaterThan(0)
})

test('deduplication groups questions that ask the same', async () => {
  const groups = await groupDuplicates(QUESTIONS)
  expect(groups.map((group) => group[0])).toEqual([QUESTIONS[0], QUESTIONS[3], QUESTIONS[5], QUESTIONS[7]])
  expect(groups[0]).toHaveLength(3)
})
