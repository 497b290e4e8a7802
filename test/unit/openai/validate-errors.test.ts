import { describe, expect, it } from 'vitest'
import { EmbeddingsError } from '../../../src/openai/errors.ts'
import type { EmbeddingsErrorCode } from '../../../src/openai/errors.ts'
import { validateEmbeddingRequest } from '../../../src/openai/validate.ts'

function refusal(body: unknown): EmbeddingsError {
  try {
    validateEmbeddingRequest(body)
  } catch (error) {
    if (error instanceof EmbeddingsError) return error
    throw error
  }
  throw new Error('the body was accepted')
}

type Case = [
  name: string,
  fields: Record<string, unknown>,
  code: EmbeddingsErrorCode,
  param: string,
  /** The limit or rule, and what came. */
  messageParts: string[],
]

function withHole<Item>(items: Item[], index: number): Item[] {
  Reflect.deleteProperty(items, index)
  return items
}

const ids = 'Array.from(ids, Number)'
const limit = '10485760'
const tooMany = Array<string>(2049).fill('x')
const revocable = Proxy.revocable({}, {})
revocable.revoke()

const CASES: Case[] = [
  ['no model', { model: undefined }, 'invalid_type', 'model', ["'model' is required", 'missing or null']],
  ['null for model', { model: null }, 'invalid_type', 'model', ["'model' is required", 'missing or null']],
  ['a number for model', { model: 7 }, 'invalid_type', 'model', ['a string', 'the number 7']],
  ['an empty model', { model: '' }, 'invalid_value', 'model', ["'model'", '""']],

  ['no input', { input: undefined }, 'invalid_type', 'input', ["'input' is required", 'missing or null']],
  ['null for input', { input: null }, 'invalid_type', 'input', ["'input' is required", 'missing or null']],
  ['a lone number', { input: 5 }, 'invalid_type', 'input', ['an array of strings', 'the number 5']],
  ['an object', { input: { 0: 'x' } }, 'invalid_type', 'input', ['an array of strings', 'an object']],
  ['a String object', { input: new String('x') }, 'invalid_type', 'input', ['an object']],
  ['a typed array', { input: Int32Array.of(1) }, 'invalid_type', 'input', ['a typed array', ids]],
  ['a bigint array', { input: BigInt64Array.of(1n) }, 'invalid_type', 'input', ['a typed array', ids]],
  ['a function', { input: () => 'x' }, 'invalid_type', 'input', ['a function']],
  ['a revoked proxy', { input: revocable.proxy }, 'invalid_type', 'input', ['plain data']],

  ['no items', { input: [] }, 'empty_input', 'input', ['1 to 2048 items', '0 items']],
  ['an empty string', { input: '' }, 'empty_input', 'input', ['at least 1 character', '0 characters']],
  ['an empty item', { input: ['x', ''] }, 'empty_input', 'input[1]', ['at least 1 character', '0 characters']],
  ['no token ids', { input: [[]] }, 'empty_input', 'input[0]', ['at least 1 token id', '0 items']],
  ['no ids at the end', { input: [[1], []] }, 'empty_input', 'input[1]', ['at least 1 token id', '0 items']],

  ['2,049 texts', { input: tooMany }, 'array_above_max_length', 'input', ['at most 2048', '2049 items']],
  [
    '2,049 token arrays',
    { input: tooMany.map(() => [1]) },
    'array_above_max_length',
    'input',
    ['2048', '2049'],
  ],

  ['a long text', { input: 'x'.repeat(10_485_761) }, 'string_above_max_length', 'input', [limit, '10485761']],
  [
    'a long item',
    { input: ['x', 'x'.repeat(10_485_761)] },
    'string_above_max_length',
    'input[1]',
    [limit, '10485761'],
  ],

  ['a number among texts', { input: ['x', 5] }, 'invalid_type', 'input[1]', ['a string', 'the number 5']],
  [
    'an array among texts',
    { input: ['x', ['y']] },
    'invalid_type',
    'input[1]',
    ['a string', 'an array of 1 items'],
  ],
  ['null among texts', { input: ['x', 'y', null] }, 'invalid_type', 'input[2]', ['a string', 'null']],
  [
    'a text among ids',
    { input: [1, 'secret'] },
    'invalid_type',
    'input[1]',
    ['a number', 'a string of 6 characters'],
  ],
  ['a text among arrays', { input: [[1], 'secret'] }, 'invalid_type', 'input[1]', ['an array', '6 characters']],
  [
    'an id among arrays',
    { input: [[1], 2] },
    'invalid_type',
    'input[1]',
    ['an array of token ids', 'the number 2'],
  ],
  ['an array among ids', { input: [1, [2]] }, 'invalid_type', 'input[1]', ['a number', 'an array of 1 items']],
  ['texts one level down', { input: [['x']] }, 'invalid_type', 'input[0][0]', ['a token id', '1 characters']],
  ['ids two levels down', { input: [[1], [[2]]] }, 'invalid_type', 'input[1][0]', ['a token id', 'an array']],
  ['a first item of no kind', { input: [true] }, 'invalid_type', 'input[0]', ['a string, a token id', 'true']],
  ['a null first', { input: [null, 'x'] }, 'invalid_type', 'input[0]', ['a string, a token id', 'null']],
  ['a typed array in it', { input: [Int32Array.of(1)] }, 'invalid_type', 'input[0]', ['a typed array', ids]],
  ['a bigint id', { input: [1, 2n] }, 'invalid_type', 'input[1]', ['a number', 'the bigint 2n']],
  [
    'a hole among texts',
    { input: withHole(['x', '', 'y'], 1) },
    'invalid_type',
    'input[1]',
    ['a string', 'undefined'],
  ],
  [
    'a hole among ids',
    { input: [[1], withHole([2, 0, 3], 1)] },
    'invalid_type',
    'input[1][1]',
    ['a number', 'undefined'],
  ],
  ['nothing but holes', { input: new Array(4e9) }, 'invalid_type', 'input[0]', ['a string', 'undefined']],

  [
    'a negative id',
    { input: [1, -1] },
    'invalid_token',
    'input[1]',
    ['from 0 to 9007199254740991', 'the number -1'],
  ],
  [
    'a fraction',
    { input: [[1], [2], [0, 0, 0, 0, 0, 1.5]] },
    'invalid_token',
    'input[2][5]',
    ['from 0', '1.5'],
  ],
  ['NaN', { input: [NaN] }, 'invalid_token', 'input[0]', ['from 0 to', 'the number NaN']],
  ['an unsafe id', { input: [[2 ** 53]] }, 'invalid_token', 'input[0][0]', ['from 0', '9007199254740992']],

  [
    'another format',
    { encoding_format: 'flaot' },
    'invalid_value',
    'encoding_format',
    ["'float', 'base64'", '"flaot"'],
  ],
  ['an empty format', { encoding_format: '' }, 'invalid_value', 'encoding_format', ["'float', 'base64'", '""']],
  [
    'a number as format',
    { encoding_format: 1 },
    'invalid_type',
    'encoding_format',
    ["'float'", 'the number 1'],
  ],

  ['a string as dimensions', { dimensions: '256' }, 'invalid_type', 'dimensions', ['an integer', '"256"']],
  [
    'a bigint as dimensions',
    { dimensions: 256n },
    'invalid_type',
    'dimensions',
    ['an integer', 'the bigint 256n'],
  ],
  ['dimensions 0', { dimensions: 0 }, 'invalid_value', 'dimensions', ['at least 1', 'the number 0']],
  ['dimensions -5', { dimensions: -5 }, 'invalid_value', 'dimensions', ['at least 1', 'the number -5']],
  ['dimensions 1.5', { dimensions: 1.5 }, 'invalid_value', 'dimensions', ['an integer', 'the number 1.5']],
  ['dimensions NaN', { dimensions: NaN }, 'invalid_value', 'dimensions', ['an integer', 'the number NaN']],

  ['a string as truncate', { truncate: 'true' }, 'invalid_type', 'truncate', ['true or false', '"true"']],
  ['0 as truncate', { truncate: 0 }, 'invalid_type', 'truncate', ['true or false', 'the number 0']],
  [
    'another input_type',
    { input_type: 'passage' },
    'invalid_value',
    'input_type',
    ["'clustering'", '"passage"'],
  ],
  [
    'a list as input_type',
    { input_type: ['query'] },
    'invalid_type',
    'input_type',
    ["'query'", 'an array of 1 items'],
  ],

  ['a number as user', { user: 123456 }, 'invalid_type', 'user', ['a string', 'a number']],
  [
    'a number as identifier',
    { safety_identifier: 1 },
    'invalid_type',
    'safety_identifier',
    ['a string', 'a number'],
  ],
  ['text as metadata', { metadata: 'private' }, 'invalid_type', 'metadata', ['a plain object', '7 characters']],
  [
    'a list as metadata',
    { metadata: ['x'] },
    'invalid_type',
    'metadata',
    ['a plain object', 'an array of 1 items'],
  ],
  ['a Map as metadata', { metadata: new Map() }, 'invalid_type', 'metadata', ['a plain object', 'an object']],
  [
    'a number in metadata',
    { metadata: { a: '', b: 1 } },
    'invalid_type',
    'metadata.b',
    ['a string', 'a number'],
  ],
  ['null in metadata', { metadata: { a: null } }, 'invalid_type', 'metadata.a', ['a string', 'null']],

  [
    'an unknown field',
    { temperature: 0 },
    'unknown_parameter',
    'temperature',
    ["'temperature'", 'encoding_format'],
  ],
  ['an unknown null', { temperature: null }, 'unknown_parameter', 'temperature', ["'temperature'"]],
  ['constructor', { constructor: {} }, 'unknown_parameter', 'constructor', ["'constructor'"]],
  ['prototype', { prototype: {} }, 'unknown_parameter', 'prototype', ["'prototype'"]],
  [
    '__proto__',
    JSON.parse('{"__proto__": {}}') as Record<string, unknown>,
    'unknown_parameter',
    '__proto__',
    ["'__"],
  ],
  ['hasOwnProperty', { hasOwnProperty: 1 }, 'unknown_parameter', 'hasOwnProperty', ["'hasOwnProperty'"]],
  [
    'a field too much in extra_body',
    { extra_body: { a: 1 } },
    'unknown_parameter',
    'extra_body.a',
    ["'extra_body.a'"],
  ],
  [
    'a nested extra_body',
    { extra_body: { extra_body: {} } },
    'unknown_parameter',
    'extra_body.extra_body',
    ["'extra"],
  ],
  [
    'a null one',
    { extra_body: { extra_body: null } },
    'unknown_parameter',
    'extra_body.extra_body',
    ["'extra"],
  ],
  [
    'text as extra_body',
    { extra_body: 'private' },
    'invalid_type',
    'extra_body',
    ['plain object', '7 characters'],
  ],
  [
    'a list as extra_body',
    { extra_body: [] },
    'invalid_type',
    'extra_body',
    ['plain object', 'an array of 0 items'],
  ],
  [
    'a wrong value in it',
    { extra_body: { dimensions: 0 } },
    'invalid_value',
    'dimensions',
    ['at least 1', '0'],
  ],

  [
    'a getter',
    {
      get user() {
        return 'x'
      },
    },
    'invalid_type',
    'user',
    ['plain data', 'a getter'],
  ],
]

describe('validateEmbeddingRequest refuses', () => {
  it.each(CASES)('%s', (_name, fields, code, param, messageParts) => {
    // Not by spread: that would call getters.
    const body = Object.defineProperties({ model: 'm', input: 'x' }, Object.getOwnPropertyDescriptors(fields))
    const error = refusal(body)
    expect(error).toMatchObject({ code, param, status: 400, type: 'invalid_request_error' })
    for (const part of messageParts) expect(error.message).toContain(part)
    expect(error.message).toContain(param)
    expect(error.message).not.toMatch(/secret|private|123456/)
    expect(error.toJSON()).toEqual({
      error: { message: error.message, type: 'invalid_request_error', param, code },
    })
  })

  it.each([
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['JSON text', '{"input": "secret"}', 'a string of 19 characters'],
    ['an array', [{ model: 'm', input: 'x' }], 'an array of 1 items'],
    ['a Map', new Map([['model', 'm']]), 'an object'],
    ['a class instance', new URL('https://example.com'), 'an object'],
    ['fields of a prototype', Object.create({ model: 'm', input: 'x' }), 'an object'],
    ['a function', () => 'x', 'a function'],
    ['a symbol', Symbol('x'), 'a symbol'],
    ['a typed array', Float32Array.of(1), 'a typed array'],
  ])('%s as the body', (_name, body: unknown, came) => {
    const error = refusal(body)
    expect(error).toMatchObject({
      code: 'invalid_type',
      param: null,
      status: 400,
      type: 'invalid_request_error',
    })
    expect(error.message).toBe(`The request body must be a plain object, got ${came}.`)
  })

  it('a body that throws when it is read, and keeps the cause', () => {
    const cause = new Error('trap')
    const body = new Proxy(
      {},
      {
        ownKeys() {
          throw cause
        },
      },
    )
    expect(refusal(body)).toMatchObject({ code: 'invalid_type', param: null, cause })
    expect(refusal(revocable.proxy)).toMatchObject({ code: 'invalid_type', param: null })
  })

  it('an array that throws when it is read, and keeps the cause', () => {
    const cause = new Error('trap')
    const input = ['x']
    Object.defineProperty(input, 1, {
      get() {
        throw cause
      },
    })
    expect(refusal({ model: 'm', input })).toMatchObject({ code: 'invalid_type', param: 'input', cause })
  })

  it('a revoked proxy for any field', () => {
    for (const field of [
      'model',
      'dimensions',
      'truncate',
      'encoding_format',
      'user',
      'metadata',
      'extra_body',
    ]) {
      const error = refusal({ model: 'm', input: 'x', [field]: revocable.proxy })
      expect(error).toMatchObject({ code: 'invalid_type', param: field })
    }
    expect(refusal({ model: 'm', input: [revocable.proxy] })).toMatchObject({ param: 'input[0]' })
    expect(refusal({ model: 'm', input: [[1], revocable.proxy] })).toMatchObject({ param: 'input[1]' })
  })
})

describe('messages', () => {
  it('repeat at most 40 characters of a value, escaped', () => {
    const { message } = refusal({ model: 'm', input: 'x', encoding_format: `line\n${'y'.repeat(100)}` })
    expect(message).toContain(`"line\\n${'y'.repeat(35)}"…`)
    expect(message).not.toContain('y'.repeat(36))
  })

  it('repeat at most 40 characters of a field name, in param too, and stay well-formed', () => {
    const error = refusal({ model: 'm', input: 'x', ['z'.repeat(39) + '🙂'.repeat(50)]: 1 })
    expect(error.param).toBe(`${'z'.repeat(39)}\ufffd…`)
    expect(error.message).toContain(`'${'z'.repeat(39)}\ufffd…'`)
  })
})
