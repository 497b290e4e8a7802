/** The one error class of the library, shaped as OpenAI's API errors are. */

/** `type` by code, and the HTTP status that `client.fetch` answers with. Source: design.md §1. */
const ERROR_TABLE = {
  invalid_type: [400, 'invalid_request_error'],
  invalid_value: [400, 'invalid_request_error'],
  empty_input: [400, 'invalid_request_error'],
  array_above_max_length: [400, 'invalid_request_error'],
  string_above_max_length: [400, 'invalid_request_error'],
  invalid_token: [400, 'invalid_request_error'],
  unsupported_value: [400, 'invalid_request_error'],
  context_length_exceeded: [400, 'invalid_request_error'],
  unknown_parameter: [400, 'invalid_request_error'],
  unsupported_environment: [400, 'invalid_request_error'],
  invalid_json: [400, 'invalid_request_error'],
  model_not_found: [404, 'invalid_request_error'],
  model_file_not_found: [404, 'invalid_request_error'],
  unknown_url: [404, 'invalid_request_error'],
  method_not_allowed: [405, 'invalid_request_error'],
  request_too_large: [413, 'invalid_request_error'],
  unsupported_media_type: [415, 'invalid_request_error'],
  queue_full: [429, 'rate_limit_error'],
  invalid_output: [500, 'internal_server_error'],
  inference_failed: [500, 'internal_server_error'],
  csp_blocked: [500, 'internal_server_error'],
  integrity_error: [502, 'upstream_error'],
  bad_model_file: [502, 'upstream_error'],
  model_unreachable: [503, 'upstream_error'],
  worker_terminated: [503, 'internal_server_error'],
  device_lost: [503, 'internal_server_error'],
  timeout: [503, 'internal_server_error'],
  out_of_memory: [507, 'internal_server_error'],
} as const satisfies Record<string, readonly [status: number, type: string]>

export type EmbeddingsErrorCode = keyof typeof ERROR_TABLE
export type EmbeddingsErrorType = (typeof ERROR_TABLE)[EmbeddingsErrorCode][1]

/** The error body of OpenAI's API. */
export interface ErrorBody {
  error: { message: string; type: EmbeddingsErrorType; param: string | null; code: EmbeddingsErrorCode }
}

/**
 * Every failure that the library reports, except an abort, which rejects with the signal's own reason.
 * `param` names the offending field and item (`input[3]`) where there is one.
 */
export class EmbeddingsError extends Error {
  override readonly name = 'EmbeddingsError'
  readonly code: EmbeddingsErrorCode
  readonly status: number
  readonly type: EmbeddingsErrorType
  readonly param: string | null

  constructor(
    code: EmbeddingsErrorCode,
    message: string,
    options: { param?: string | null | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = ERROR_TABLE[code][0]
    this.type = ERROR_TABLE[code][1]
    this.param = options.param ?? null
  }

  toJSON(): ErrorBody {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } }
  }
}

/** True for a code of the contract; used where an error arrives as data. */
export function isEmbeddingsErrorCode(value: unknown): value is EmbeddingsErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_TABLE, value)
}
