/** Any request through the whole stack: an answer of the contract, never a crash, never a hang. */

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EmbeddingsClient, EmbeddingsError } from '../../src/index.ts'
import type { CreateEmbeddingResponse } from '../../src/index.ts'

const MODEL = 'all-MiniLM-L6-v2'
let client: EmbeddingsClient

beforeAll(() => {
  client = new EmbeddingsClient({ modelsUrl: '/models/', device: 'wasm', workers: 1 })
})

afterAll(() => client.close())

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 })
const tokens = fc.array(fc.integer({ min: -1, max: 30_600 }), { maxLength: 8 })
const body = fc.record(
  {
    model: fc.oneof({ weight: 9, arbitrary: fc.constant(MODEL) }, { weight: 1, arbitrary: fc.string() }),
    input: fc.oneof(
      text,
      fc.array(text, { maxLength: 4 }),
      tokens,
      fc.array(tokens, { maxLength: 4 }),
      fc.jsonValue(),
    ),
    encoding_format: fc.constantFrom('float', 'base64', null),
    dimensions: fc.constantFrom(64, 128, 384, null, 65, 0),
    input_type: fc.constantFrom('query', 'document', null),
    truncate: fc.boolean(),
  },
  { requiredKeys: ['model', 'input'] },
)

function expectWhole(response: CreateEmbeddingResponse<unknown>): void {
  expect(response.object).toBe('list')
  expect(response.model).toBe(MODEL)
  expect(response.usage.total_tokens).toBe(response.usage.prompt_tokens)
  expect(response.data.length).toBeGreaterThan(0)
  response.data.forEach(({ object, index, embedding }, position) => {
    expect([object, index]).toEqual(['embedding', position])
    const numbers = typeof embedding === 'string' ? decode(embedding) : (embedding as number[])
    expect([64, 128, 384]).toContain(numbers.length)
    expect(Math.hypot(...numbers)).toBeCloseTo(1, 4)
  })
}

function decode(base64: string): number[] {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  return Array.from(new Float32Array(bytes.buffer))
}

test('embeddings.create resolves to a whole response or rejects with an error of the contract', async () => {
  let answered = 0
  await fc.assert(
    fc.asyncProperty(body, async (request) => {
      try {
        expectWhole(await client.embeddings.create(request as never))
        answered++
      } catch (error) {
        if (!(error instanceof EmbeddingsError)) throw error
        expect([400, 404]).toContain(error.status)
        expect(error.param).not.toBeNull()
      }
    }),
    { numRuns: 150 },
  )
  expect(answered).toBeGreaterThan(20)
})

test('client.fetch answers the same', async () => {
  await fc.assert(
    fc.asyncProperty(body, async (request) => {
      const response = await client.fetch('/v1/embeddings', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
      })
      const answer = await response.json()
      if (response.status === 200) {
        expectWhole(answer)
        return
      }
      expect([400, 404]).toContain(response.status)
      expect(Object.keys(answer.error)).toEqual(['message', 'type', 'param', 'code'])
      expect(answer.error.param).not.toBeNull()
    }),
    { numRuns: 100 },
  )
})
