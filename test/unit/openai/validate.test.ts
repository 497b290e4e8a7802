import { describe, expect, it } from 'vitest'
import { validateEmbeddingRequest } from '../../../src/openai/validate.ts'

const MODEL = 'all-MiniLM-L6-v2'

describe('a valid request', () => {
  it('gets its defaults', () => {
    expect(validateEmbeddingRequest({ model: MODEL, input: 'a text' })).toEqual({
      model: MODEL,
      input: { kind: 'text', items: ['a text'], lone: true },
      encodingFormat: 'float',
      dimensions: undefined,
      truncate: false,
      inputType: undefined,
    })
  })

  it('keeps every field that is given', () => {
    const body = {
      model: 'Xenova/all-MiniLM-L6-v2',
      input: ['one', 'two'],
      encoding_format: 'base64',
      dimensions: 256,
      user: 'user-1',
      safety_identifier: 'hash',
      metadata: { team: 'search', constructor: 'Bosch' },
      truncate: true,
      input_type: 'query',
    }
    expect(validateEmbeddingRequest(body)).toEqual({
      model: 'Xenova/all-MiniLM-L6-v2',
      input: { kind: 'text', items: ['one', 'two'], lone: false },
      encodingFormat: 'base64',
      dimensions: 256,
      truncate: true,
      inputType: 'query',
    })
  })

  it.each([
    'encoding_format',
    'dimensions',
    'user',
    'safety_identifier',
    'metadata',
    'extra_body',
    'truncate',
    'input_type',
  ])('takes undefined and null for an absent %s', (field) => {
    const expected = validateEmbeddingRequest({ model: MODEL, input: 'x' })
    expect(validateEmbeddingRequest({ model: MODEL, input: 'x', [field]: undefined })).toEqual(expected)
    expect(validateEmbeddingRequest({ model: MODEL, input: 'x', [field]: null })).toEqual(expected)
  })

  it('takes an unknown field that is undefined for absent, as JSON.stringify does', () => {
    expect(validateEmbeddingRequest({ model: MODEL, input: 'x', suffix: undefined }).model).toBe(MODEL)
  })

  it('keeps false and an empty string where they are values', () => {
    expect(validateEmbeddingRequest({ model: MODEL, input: 'x', truncate: false, user: '' }).truncate).toBe(
      false,
    )
  })

  it.each(['query', 'document', 'similarity', 'classification', 'clustering'])(
    'takes input_type %s',
    (type) => {
      expect(validateEmbeddingRequest({ model: MODEL, input: 'x', input_type: type }).inputType).toBe(type)
    },
  )

  it.each([1, 384, Number.MAX_SAFE_INTEGER])('takes dimensions %d', (dimensions) => {
    expect(validateEmbeddingRequest({ model: MODEL, input: 'x', dimensions }).dimensions).toBe(dimensions)
  })
})

describe('extra_body', () => {
  it('adds fields that the body does not have', () => {
    const request = validateEmbeddingRequest({ model: MODEL, extra_body: { input: ['x'], truncate: true } })
    expect(request).toMatchObject({ input: { kind: 'text', items: ['x'] }, truncate: true })
  })

  it("loses to the body's own fields, unchecked where it does", () => {
    const body = {
      model: MODEL,
      input: 'x',
      dimensions: 64,
      extra_body: { model: 'other', dimensions: 'many' },
    }
    expect(validateEmbeddingRequest(body)).toMatchObject({ model: MODEL, dimensions: 64 })
  })

  it.each([undefined, null])('shows where the body has %s', (absent) => {
    const body = { model: MODEL, input: 'x', dimensions: absent, extra_body: { dimensions: 64 } }
    expect(validateEmbeddingRequest(body).dimensions).toBe(64)
  })

  it('does not hide a field behind its own null', () => {
    const body = { model: MODEL, input: 'x', dimensions: 64, extra_body: { dimensions: null } }
    expect(validateEmbeddingRequest(body).dimensions).toBe(64)
  })
})

describe('where data comes from', () => {
  it('takes objects without a prototype and of another realm', async () => {
    const { runInNewContext } = await import('node:vm')
    const bare: unknown = Object.assign(Object.create(null), { model: MODEL, input: 'x' })
    const foreign: unknown = runInNewContext(`({ model: '${MODEL}', input: ['x'], metadata: { a: 'b' } })`)
    expect(validateEmbeddingRequest(bare).input.items).toEqual(['x'])
    expect(validateEmbeddingRequest(foreign).input.items).toEqual(['x'])
  })

  it('takes what a transparent proxy holds, as of a reactive framework', () => {
    const body = new Proxy({ model: MODEL, input: new Proxy(['x', 'y'], {}) }, {})
    expect(validateEmbeddingRequest(body).input).toEqual({ kind: 'text', items: ['x', 'y'], lone: false })
  })

  it('ignores symbols and what is not enumerable, as JSON.stringify does', () => {
    const body = { model: MODEL, input: 'x', [Symbol('mark')]: 1 }
    Object.defineProperty(body, 'hidden', { value: 1, enumerable: false })
    expect(validateEmbeddingRequest(body).model).toBe(MODEL)
  })

  it('shares nothing with the body', () => {
    const ids = [[1, 2], [3]]
    const { input } = validateEmbeddingRequest({ model: MODEL, input: ids })
    ids[0]?.push(9)
    expect(input.items).toEqual([[1, 2], [3]])
  })

  it('does not take fields from a prototype', () => {
    // As after a prototype pollution elsewhere in the page.
    const pollution = { value: true, enumerable: true, configurable: true, writable: true }
    Object.defineProperty(Object.prototype, 'truncate', pollution)
    try {
      expect(validateEmbeddingRequest({ model: MODEL, input: 'x' }).truncate).toBe(false)
    } finally {
      Reflect.deleteProperty(Object.prototype, 'truncate')
    }
  })

  it('leaves prototypes alone whatever extra_body holds', () => {
    const body: unknown = JSON.parse(
      `{"model": "m", "input": "x", "extra_body": {"__proto__": {"polluted": true}}}`,
    )
    expect(() => validateEmbeddingRequest(body)).toThrow("'extra_body.__proto__'")
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })
})
