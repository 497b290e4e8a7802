import { describe, expect, it } from 'vitest'
import { EmbeddingsError } from '../../../src/openai/errors.ts'
import { createEmbeddingResponse } from '../../../src/openai/response.ts'
import type { EmbeddingsResult } from '../../../src/rpc/protocol.ts'

const about = { model: 'all-MiniLM-L6-v2', fingerprint: 'fp_1', promptTokens: 8 }

describe('createEmbeddingResponse', () => {
  it('gives each float vector as an array of numbers, in input order', () => {
    const rows = Float32Array.of(0.5, -0.25, 1, 0.1)
    expect(createEmbeddingResponse({ ...about, vectors: { format: 'float', rows, dimensions: 2 } })).toEqual({
      object: 'list',
      data: [
        { object: 'embedding', index: 0, embedding: [0.5, -0.25] },
        // The float32 nearest to 0.1, to the last digit of its float64.
        { object: 'embedding', index: 1, embedding: [1, 0.10000000149011612] },
      ],
      model: 'all-MiniLM-L6-v2',
      usage: { prompt_tokens: 8, total_tokens: 8 },
      system_fingerprint: 'fp_1',
    })
  })

  it('makes plain arrays, which JSON writes as arrays', () => {
    const rows = Float32Array.of(1, 2)
    const { data } = createEmbeddingResponse({ ...about, vectors: { format: 'float', rows, dimensions: 2 } })
    expect(Array.isArray(data[0]?.embedding)).toBe(true)
    expect(JSON.stringify(data)).toBe('[{"object":"embedding","index":0,"embedding":[1,2]}]')
  })

  it('passes base64 rows on', () => {
    const rows = ['AACAPw==', 'AAAAQA==']
    const { data } = createEmbeddingResponse({ ...about, vectors: { format: 'base64', rows } })
    expect(data).toEqual([
      { object: 'embedding', index: 0, embedding: 'AACAPw==' },
      { object: 'embedding', index: 1, embedding: 'AAAAQA==' },
    ])
  })

  it('takes what the worker protocol sends', () => {
    const result: EmbeddingsResult = { ...about, vectors: { format: 'base64', rows: ['AACAPw=='] } }
    expect(createEmbeddingResponse(result).data).toHaveLength(1)
  })

  it.each([0, 3])('refuses rows of %d dimensions in 4 values', (dimensions) => {
    const vectors = { format: 'float' as const, rows: new Float32Array(4), dimensions }
    const refused = expect(() => createEmbeddingResponse({ ...about, vectors }))
    refused.toThrow(EmbeddingsError)
    refused.toThrow(
      expect.objectContaining({
        code: 'invalid_output',
        status: 500,
        type: 'internal_server_error',
        param: null,
        message: `The model's output of 4 values has no whole number of vectors of ${dimensions} dimensions.`,
        cause: expect.any(RangeError),
      }),
    )
  })
})
