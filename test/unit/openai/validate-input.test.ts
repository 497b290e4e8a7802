import { describe, expect, it } from 'vitest'
import { validateEmbeddingRequest } from '../../../src/openai/validate.ts'
import type { RequestInput } from '../../../src/openai/validate-input.ts'

function inputOf(input: unknown): RequestInput {
  return validateEmbeddingRequest({ model: 'm', input }).input
}

describe('texts', () => {
  it('takes one or several, white space included', () => {
    expect(inputOf('one')).toEqual({ kind: 'text', items: ['one'], lone: true })
    expect(inputOf(['one', ' ', '\n'])).toEqual({ kind: 'text', items: ['one', ' ', '\n'], lone: false })
  })

  it('takes 2,048 of them', () => {
    expect(inputOf(Array<string>(2048).fill('x')).items).toHaveLength(2048)
  })

  it('takes a text of exactly the limit', () => {
    const text = 'x'.repeat(10_485_760)
    expect(inputOf(text).items[0] === text).toBe(true)
  })

  it('makes lone surrogates well-formed, as TextEncoder does, and leaves pairs alone', () => {
    const texts = ['a\ud800b', '\udc00', 'ends \ud83d', '🙂 fine']
    const throughUtf8 = texts.map((text) => new TextDecoder().decode(new TextEncoder().encode(text)))
    expect(inputOf(texts).items).toEqual(throughUtf8)
    expect(throughUtf8[0]).toBe('a\ufffdb')
    expect(inputOf('\ud800').items).toEqual(['\ufffd'])
  })

  it('takes arrays of another realm and of subclasses', async () => {
    const { runInNewContext } = await import('node:vm')
    class Texts extends Array<string> {}
    expect(inputOf(runInNewContext(`['x', 'y']`)).items).toEqual(['x', 'y'])
    expect(inputOf(Texts.of('x', 'y')).items).toEqual(['x', 'y'])
  })
})

describe('token ids', () => {
  it('takes one array as one item', () => {
    expect(inputOf([101, 0, 102])).toEqual({ kind: 'tokens', items: [[101, 0, 102]], lone: true })
  })

  it('takes several', () => {
    expect(inputOf([[101], [7, 8]])).toEqual({ kind: 'tokens', items: [[101], [7, 8]], lone: false })
  })

  it('takes an array of more than 2,048 ids as one item', () => {
    const ids = Array.from({ length: 5000 }, (_, i) => i)
    expect(inputOf(ids)).toEqual({ kind: 'tokens', items: [ids], lone: true })
    expect(inputOf([ids, [1]])).toEqual({ kind: 'tokens', items: [ids, [1]], lone: false })
  })

  it('takes any safe integer: the vocabulary is the model’s to know', () => {
    expect(inputOf([Number.MAX_SAFE_INTEGER]).items).toEqual([[Number.MAX_SAFE_INTEGER]])
  })
})
