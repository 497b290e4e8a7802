/** Pooling and the test of every row, on tiny graphs whose vectors native onnxruntime has computed. */

import { afterAll, describe, expect, test } from 'vitest'
import { EmbeddingsClient } from '../../src/index.ts'
import { rejectedBy } from '../unit/thrown-by.ts'

interface Expected {
  texts: string[]
  rows: Record<string, { tokens: number[]; embedding: number[] }[]>
}

const client = new EmbeddingsClient({
  modelsUrl: '/fixtures/tiny/',
  device: 'wasm',
  workers: 1,
  cpuRuntime: 'onnxruntime',
  storage: 'memory',
})
const expected = (await (await fetch('/fixtures/tiny/expected.json')).json()) as Expected

afterAll(() => client.close())

function furthest(actual: readonly number[], wanted: readonly number[]): number {
  expect(actual).toHaveLength(wanted.length)
  return Math.max(...actual.map((value, index) => Math.abs(value - wanted[index]!)))
}

describe.each(['mean', 'cls', 'last'])('%s pooling outside the graph', (pooling) => {
  const model = `tiny-${pooling}`
  const rows = expected.rows[pooling]!

  test('equals native onnxruntime and numpy, in one padded batch', async () => {
    const { data, usage } = await client.embeddings.create({ model, input: expected.texts, truncate: true })
    data.forEach(({ embedding }, index) => {
      expect(furthest(embedding, rows[index]!.embedding)).toBeLessThan(1e-6)
    })
    expect(usage.prompt_tokens).toBe(rows.reduce((sum, { tokens }) => sum + tokens.length, 0))
  })

  test('and one text at a time', async () => {
    for (const [index, input] of expected.texts.entries()) {
      const { data } = await client.embeddings.create({ model, input, truncate: true })
      expect(furthest(data[0]!.embedding, rows[index]!.embedding)).toBeLessThan(1e-6)
    }
  })
})

test('a graph that pools by itself is not pooled again', async () => {
  const { data } = await client.embeddings.create({
    model: 'tiny-pooled',
    input: expected.texts,
    truncate: true,
  })
  data.forEach(({ embedding }, index) => {
    expect(furthest(embedding, expected.rows['mean']![index]!.embedding)).toBeLessThan(1e-6)
  })
})

describe('input_type', () => {
  const embed = async (input: string, input_type?: 'query' | 'document' | 'similarity' | 'clustering') => {
    const response = await client.embeddings.create({ model: 'tiny-mean', input, input_type })
    return {
      vector: response.data[0]!.embedding,
      fingerprint: response.system_fingerprint,
      usage: response.usage,
    }
  }

  test('puts the prompt of the recipe before the text', async () => {
    const query = await embed('green', 'query')
    expect(query.vector).toEqual((await embed('red green')).vector)
    expect(query.usage.prompt_tokens).toBe(4)
    expect((await embed('green', 'document')).vector).toEqual((await embed('blue green')).vector)
    expect((await embed('green', 'similarity')).vector).toEqual((await embed('green')).vector)
  })

  test('goes before token ids too', async () => {
    const { data } = await client.embeddings.create({ model: 'tiny-mean', input: [5], input_type: 'query' })
    expect(data[0]!.embedding).toEqual((await embed('red green')).vector)
  })

  test('names the vector space: query and document share it, other prompts have their own', async () => {
    const plain = (await embed('green')).fingerprint
    const query = (await embed('green', 'query')).fingerprint
    expect((await embed('green', 'document')).fingerprint).toBe(query)
    expect((await embed('green', 'similarity')).fingerprint).toBe(plain)
    const clustering = (await embed('green', 'clustering')).fingerprint
    expect(new Set([plain, query, clustering]).size).toBe(3)
  })
})

describe('a vector that is none is never returned', () => {
  test.each([
    ['not a number', 'nan'],
    ['infinite', 'inf'],
    ['zero', 'zero'],
  ])('%s: invalid_output, named by its input', async (_what, word) => {
    const error = await rejectedBy(
      client.embeddings.create({ model: 'tiny-mean', input: ['red', 'green blue', word, 'pink'] }),
    )
    expect(error).toMatchObject({ code: 'invalid_output', status: 500, param: 'input[2]' })
    expect(error.toJSON().error.type).toBe('internal_server_error')
  })

  test('zero in the dimensions that are kept', async () => {
    const whole = await client.embeddings.create({ model: 'tiny-mean', input: ['tail'] })
    expect(whole.data[0]!.embedding.some((value) => value !== 0)).toBe(true)
    const error = await rejectedBy(
      client.embeddings.create({ model: 'tiny-mean', input: ['red', 'tail'], dimensions: 4 }),
    )
    expect(error).toMatchObject({ code: 'invalid_output', param: 'input[1]' })
  })

  test('other requests go on', async () => {
    const { data } = await client.embeddings.create({ model: 'tiny-mean', input: ['red'] })
    expect(furthest(data[0]!.embedding, expected.rows['mean']![0]!.embedding)).toBeLessThan(1e-6)
  })
})

test('a known answer is tested and its cosine told', async () => {
  const { backend, attempts } = await client.models.load('tiny-known')
  expect(backend?.knownAnswerCosine).toBeGreaterThan(0.999999)
  expect(attempts).toEqual([{ device: 'wasm', reason: 'chosen', chosen: true }])
  expect((await client.models.load('tiny-mean')).backend?.knownAnswerCosine).toBeNull()
})
