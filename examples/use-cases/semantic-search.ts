/** Finds passages by meaning: a question shares no word with the passage that answers it. */

import { VectorIndex } from 'browser-embeddings/search'
import { client } from './vectors.ts'

const PASSAGES = [
  'Employees accrue twenty-five days of paid leave per calendar year.',
  'The cafeteria on the ground floor opens at half past seven.',
  'Laptops must be encrypted and locked when left unattended.',
  'Travel costs are reimbursed within two weeks of handing in the receipts.',
  'New parents may take up to fourteen months off, split between both partners.',
]

/** An index of the passages; built once, searched often. */
async function buildIndex(): Promise<VectorIndex> {
  const { data, system_fingerprint: fingerprint } = await client.embeddings.create({
    model: 'all-MiniLM-L6-v2',
    input: PASSAGES,
    input_type: 'document',
  })
  const index = new VectorIndex({ dimensions: data[0]?.embedding.length ?? 0, fingerprint })
  for (const { embedding } of data) index.add(embedding, fingerprint)
  return index
}

const index = buildIndex()

/** The passages that answer a question, best first. */
export async function search(question: string, topK = 3): Promise<{ passage: string; score: number }[]> {
  const query = await client.embeddings.create({
    model: 'all-MiniLM-L6-v2',
    input: question,
    input_type: 'query',
  })
  const matches = (await index).search(query.data[0]?.embedding ?? [], {
    fingerprint: query.system_fingerprint,
    topK,
  })
  return matches.map((match) => ({ passage: PASSAGES[match.index] ?? '', score: match.score }))
}
