/** Properties of the request checks, over any JSON value and any value that a structured clone can carry. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EmbeddingsClient } from '../../../src/index.ts'
import { EmbeddingsError } from '../../../src/openai/errors.ts'
import { validateEmbeddingRequest } from '../../../src/openai/validate.ts'

const FIELDS = [
  'model',
  'input',
  'encoding_format',
  'dimensions',
  'user',
  'safety_identifier',
  'metadata',
  'extra_body',
  'truncate',
  'input_type',
]

/** Values that a structured clone can carry: no functions and no symbols. */
const cloneable = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
  withBoxedValues: true,
  withObjectString: true,
})

const anyString = fc.string({ unit: 'binary' })
const key = fc.oneof(
  fc.constantFrom(...FIELDS),
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', ''),
  anyString,
)

/** Objects with the contract's fields, most of them nearly right. */
function bodyOf(value: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
  const right: Record<string, fc.Arbitrary<unknown>> = {
    model: fc.string({ minLength: 1 }),
    input: fc.oneof(
      anyString,
      fc.array(anyString, { maxLength: 5 }),
      fc.array(fc.integer(), { maxLength: 5 }),
      fc.array(fc.array(fc.nat(40_000), { maxLength: 3 }), { maxLength: 3 }),
    ),
    encoding_format: fc.constantFrom('float', 'base64', null),
    dimensions: fc.oneof(fc.integer(), fc.double()),
    user: anyString,
    safety_identifier: anyString,
    metadata: fc.dictionary(key, fc.oneof(anyString, value)),
    extra_body: fc.dictionary(key, value),
    truncate: fc.boolean(),
    input_type: fc.constantFrom('query', 'document', 'clustering'),
  }
  const fields = Object.fromEntries(
    Object.entries(right).map(([name, arbitrary]) => [
      name,
      fc.oneof({ weight: 6, arbitrary }, { weight: 1, arbitrary: value }),
    ]),
  )
  const known = fc.record(fields, { requiredKeys: ['model', 'input'] })
  const stray = fc.tuple(known, key, value).map(([body, name, other]) => {
    // As JSON.parse makes it: an own key, `__proto__` too.
    Object.defineProperty(body, name, { value: other, enumerable: true, configurable: true, writable: true })
    return body
  })
  return fc.oneof({ weight: 4, arbitrary: known }, { weight: 1, arbitrary: stray })
}

/** Null when the body is valid. Anything thrown but an EmbeddingsError fails the property. */
function refusal(body: unknown): EmbeddingsError | null {
  try {
    const request = validateEmbeddingRequest(body)
    expect(request.model).not.toBe('')
    expect(request.input.items.length).toBeGreaterThan(0)
    expect(request.input.items.length).toBeLessThanOrEqual(2048)
    for (const item of request.input.items) {
      expect(item.length).toBeGreaterThan(0)
      if (typeof item === 'string') expect(item.isWellFormed()).toBe(true)
    }
    return null
  } catch (error) {
    if (error instanceof EmbeddingsError) return error
    throw error
  }
}

function expectContractError(error: EmbeddingsError, body: unknown): void {
  expect(error.status).toBe(400)
  expect(error.type).toBe('invalid_request_error')
  expect(error.message).not.toBe('')
  // Only the body as a whole has no name.
  if (error.param === null) expect(error.message).toContain('request body')
  else expect(error.message).toContain(error.param)
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    error: { message: error.message, type: error.type, param: error.param, code: error.code },
  })
  if (typeof body !== 'object' || body === null || Array.isArray(body)) expect(error.param).toBeNull()
}

describe.each([
  ['any JSON value', fc.jsonValue({ depthSize: 'small' })],
  ['any cloneable value', cloneable],
])('%s', (_name, value) => {
  it('as the body is valid, or a contract error that names a param', () => {
    fc.assert(
      fc.property(fc.oneof(value, bodyOf(value)), (body) => {
        const error = refusal(body)
        if (error !== null) expectContractError(error, body)
      }),
      { numRuns: 2000 },
    )
  })

  it('is judged the same after a structured clone', () => {
    fc.assert(
      fc.property(bodyOf(value), (body) => {
        expect(refusal(structuredClone(body))?.toJSON()).toEqual(refusal(body)?.toJSON())
      }),
      { numRuns: 500 },
    )
  })

  it('changes neither itself nor any prototype', () => {
    const before = Reflect.ownKeys(Object.prototype)
    fc.assert(
      fc.property(bodyOf(value), (body) => {
        const copy = structuredClone(body)
        refusal(body)
        expect(structuredClone(body)).toEqual(copy)
        expect(Reflect.ownKeys(Object.prototype)).toEqual(before)
      }),
      { numRuns: 500 },
    )
  })
})

describe('an own __proto__ key', () => {
  it.each(['body', 'extra_body'])('in the %s is refused by name, whatever it holds', (place) => {
    fc.assert(
      fc.property(fc.jsonValue(), (held) => {
        const poison = `{"__proto__":${JSON.stringify(held)}`
        const text =
          place === 'body'
            ? `${poison},"model":"m","input":"x"}`
            : `{"model":"m","input":"x","extra_body":${poison}}}`
        const error = refusal(JSON.parse(text))
        expect(error?.code).toBe('unknown_parameter')
        expect(error?.param).toBe(place === 'body' ? '__proto__' : 'extra_body.__proto__')
      }),
      { numRuns: 300 },
    )
  })
})

describe('client.fetch', () => {
  const client = new EmbeddingsClient()

  it('answers any bytes that are no valid request with a 400 of the contract', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
      // Without a model nothing is valid.
      fc.jsonValue().map((value) => new TextEncoder().encode(JSON.stringify({ input: value }))),
      fc.jsonValue().map((value) => new TextEncoder().encode(JSON.stringify([value]))),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        const response = await client.fetch('http://local.test/v1/embeddings', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: new Uint8Array(body),
        })
        expect(response.status).toBe(400)
        const { error } = (await response.json()) as { error: { type: string } }
        expect(error.type).toBe('invalid_request_error')
      }),
      { numRuns: 500 },
    )
  })

  it('answers any path and method with a status of the contract, or rejects with a TypeError as fetch does', async () => {
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS')
    await fc.assert(
      fc.asyncProperty(fc.webPath(), method, async (path, verb) => {
        // What Node cannot answer without a worker: the listing and the retrieval of models.
        fc.pre(!/\/models(?:\/[^/]+){0,2}$/.test(path))
        const response = await client.fetch(`http://local.test/v1${path}`, { method: verb })
        expect([404, 405, 415]).toContain(response.status)
      }),
      { numRuns: 300 },
    )
  })
})
