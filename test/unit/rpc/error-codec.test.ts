import { describe, expect, test } from 'vitest'
import { EmbeddingsError } from '../../../src/openai/errors.ts'
import { describeError, reply, reviveError, serializeError, unwrap } from '../../../src/rpc/error-codec.ts'
import { thrownBy } from '../thrown-by.ts'

describe('an error across the threads', () => {
  test('keeps status, type, code, param, message and the text of its cause', () => {
    const error = new EmbeddingsError('context_length_exceeded', 'too long', {
      param: 'input[3]',
      cause: new TypeError('why'),
    })
    // What postMessage does.
    const revived = reviveError(structuredClone(serializeError(error)))
    expect(revived).toBeInstanceOf(EmbeddingsError)
    expect(revived.toJSON()).toEqual(error.toJSON())
    expect(revived.status).toBe(400)
    expect(revived.cause).toEqual(new Error('why'))
  })

  test('without param and cause has none afterwards', () => {
    const revived = reviveError(serializeError(new EmbeddingsError('queue_full', 'full')))
    expect(revived.param).toBeNull()
    expect('cause' in revived).toBe(false)
  })

  test('any other error is a fault of ours, told by its message', () => {
    expect(serializeError(new RangeError('boom'))).toMatchObject({ code: 'inference_failed', message: 'boom' })
    expect(serializeError('text')).toMatchObject({ code: 'inference_failed', message: 'text' })
  })

  test('a code that this version does not know becomes inference_failed, never an error without status', () => {
    const strange = JSON.parse('{ "code": "__proto__", "message": "m", "param": null, "cause": null }')
    expect(reviveError(strange)).toMatchObject({ code: 'inference_failed', status: 500 })
  })
})

test('describeError has words for anything', () => {
  expect(describeError(new TypeError(''))).toBe('TypeError')
  expect(describeError(undefined)).toBe('non-error value thrown: undefined')
  expect(describeError(42)).toBe('non-error value thrown: 42')
})

test('reply never rejects; unwrap gives the value or throws the error', async () => {
  expect(unwrap(await reply(() => 5))).toBe(5)
  const failed = await reply(() => Promise.reject(new EmbeddingsError('timeout', 'late')))
  expect(thrownBy(() => unwrap(failed)).code).toBe('timeout')
})
