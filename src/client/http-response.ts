/** Answers as an OpenAI-compatible server gives them: JSON, with the headers that SDKs read. */

import type { EmbeddingsError, EmbeddingsErrorCode } from '../openai/errors.ts'

/** Seconds after which a full queue is worth another try: some hundred short texts take about as long. */
const RETRY_AFTER_SECONDS = 1

/**
 * Faults that may be gone at the next try. All others come again: a wrong request, a wrong file (it was fetched anew
 * already), a model too large for this device, a call that used up its whole time.
 */
const PASSING: ReadonlySet<EmbeddingsErrorCode> = new Set([
  'queue_full',
  'model_unreachable',
  'worker_terminated',
  'device_lost',
])

/** A successful answer. */
export function jsonResponse(body: unknown): Response {
  return respond(200, body, {})
}

/**
 * The answer to a failed request.
 *
 * @param final true where no retry can help, whatever the error's code says
 * @param allow the path's own method, for 405
 */
export function errorResponse(error: EmbeddingsError, final: boolean, allow: string | null): Response {
  const headers: Record<string, string> = {}
  if (final || !PASSING.has(error.code)) headers['x-should-retry'] = 'false'
  if (error.code === 'queue_full') headers['retry-after'] = String(RETRY_AFTER_SECONDS)
  if (error.code === 'method_not_allowed' && allow !== null) headers['allow'] = allow
  return respond(error.status, error, headers)
}

function respond(status: number, body: unknown, headers: Record<string, string>): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'x-request-id': newRequestId(), ...headers },
  })
}

function newRequestId(): string {
  const digits = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  )
  return `req_${digits.join('')}`
}
