/** Answers as an OpenAI-compatible server gives them: JSON, with the headers that SDKs read. */

import type { EmbeddingsError, EmbeddingsErrorCode } from '../openai/errors.ts'
import type { CreateEmbeddingResponse } from '../openai/types.ts'

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

/** Characters or numbers of vectors that are written as JSON in one task: 2,048 × 384 at once would take 100 ms. */
const SLICE = 65_536

/** A successful answer. */
export function jsonResponse(body: unknown): Response {
  return respond(200, JSON.stringify(body), {})
}

/** A successful answer with vectors; many of them are written in several tasks, so that the page stays responsive. */
export async function vectorsResponse(
  body: CreateEmbeddingResponse<number[]> | CreateEmbeddingResponse<string>,
): Promise<Response> {
  const { object, data, ...rest } = body
  const rows = Math.max(1, Math.floor(SLICE / (data[0]?.embedding.length ?? 1)))
  if (data.length <= rows) return jsonResponse(body)
  // A blob takes each part over when it is made; one string of them all would be copied in one go.
  const parts: Blob[] = [new Blob([`{"object":${JSON.stringify(object)},"data":[`])]
  for (let start = 0; start < data.length; start += rows) {
    if (start > 0) await new Promise((resolve) => setTimeout(resolve, 0))
    const slice = JSON.stringify(data.slice(start, start + rows)).slice(1, -1)
    parts.push(new Blob([start === 0 ? slice : `,${slice}`]))
  }
  parts.push(new Blob([`],${JSON.stringify(rest).slice(1)}`]))
  return respond(200, new Blob(parts), {})
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
  return respond(error.status, JSON.stringify(error), headers)
}

function respond(status: number, body: string | Blob, headers: Record<string, string>): Response {
  return new Response(body, {
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
