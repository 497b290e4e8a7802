import { describe, expect, it } from 'vitest'
import { EmbeddingsError, isEmbeddingsErrorCode } from '../../../src/openai/errors.ts'

const REQUEST = 'invalid_request_error'
const SERVER = 'internal_server_error'

describe('EmbeddingsError', () => {
  // The contract's table, row by row.
  it.each([
    ['invalid_type', 400, REQUEST],
    ['invalid_value', 400, REQUEST],
    ['empty_input', 400, REQUEST],
    ['array_above_max_length', 400, REQUEST],
    ['string_above_max_length', 400, REQUEST],
    ['invalid_token', 400, REQUEST],
    ['unsupported_value', 400, REQUEST],
    ['context_length_exceeded', 400, REQUEST],
    ['unknown_parameter', 400, REQUEST],
    ['unsupported_environment', 400, REQUEST],
    ['invalid_json', 400, REQUEST],
    ['model_not_found', 404, REQUEST],
    ['model_file_not_found', 404, REQUEST],
    ['unknown_url', 404, REQUEST],
    ['method_not_allowed', 405, REQUEST],
    ['request_too_large', 413, REQUEST],
    ['unsupported_media_type', 415, REQUEST],
    ['queue_full', 429, 'rate_limit_error'],
    ['invalid_output', 500, SERVER],
    ['inference_failed', 500, SERVER],
    ['csp_blocked', 500, SERVER],
    ['integrity_error', 502, 'upstream_error'],
    ['bad_model_file', 502, 'upstream_error'],
    ['model_unreachable', 503, 'upstream_error'],
    ['worker_terminated', 503, SERVER],
    ['device_lost', 503, SERVER],
    ['timeout', 503, SERVER],
    ['out_of_memory', 507, SERVER],
  ] as const)('%s is %d %s', (code, status, type) => {
    const error = new EmbeddingsError(code, 'what happened', { param: 'input[3]' })
    expect(error).toMatchObject({ name: 'EmbeddingsError', message: 'what happened', code, status, type })
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      error: { message: 'what happened', type, param: 'input[3]', code },
    })
    expect(isEmbeddingsErrorCode(code)).toBe(true)
  })

  it('has a null param and no cause unless they are given', () => {
    const error = new EmbeddingsError('timeout', 'late')
    expect(error.param).toBeNull()
    expect('cause' in error).toBe(false)
    expect(new EmbeddingsError('timeout', 'late', { cause: null })).toHaveProperty('cause', null)
  })

  it.each(['toString', '__proto__', 'Timeout', '', 503, null, undefined])(
    'does not know %s as a code',
    (value) => {
      expect(isEmbeddingsErrorCode(value)).toBe(false)
    },
  )
})
