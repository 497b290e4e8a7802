/** The JSON body of a request: of the right type, of bounded length, and JSON. */

import { EmbeddingsError } from '../openai/errors.ts'

/** Most bytes of a request body. 2,048 texts of 8,192 tokens, at four bytes a token, are 64 MiB. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024

/**
 * Reads and parses the body.
 *
 * @throws {EmbeddingsError} 415 `unsupported_media_type`, 413 `request_too_large`, 400 `invalid_json`; the signal's
 *   own reason when the request is aborted meanwhile
 */
export async function readJsonBody(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type')
  if (type === null || !/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type.trim())) {
    throw new EmbeddingsError(
      'unsupported_media_type',
      `The Content-Type must be application/json, got ${type === null ? 'none' : JSON.stringify(type.slice(0, 80))}.`,
    )
  }
  const bytes = await readBytes(request)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    // Not the parser's own message: it quotes the text.
    throw new EmbeddingsError('invalid_json', 'The request body is not valid JSON in UTF-8.', { cause })
  }
}

async function readBytes(request: Request): Promise<Uint8Array> {
  // Firefox has no `Request.body`.
  const stream = (request as { body?: Request['body'] }).body ?? (await request.blob()).stream()
  const reader = stream.getReader()
  // The error of a stream that broke comes out of `read`, not of `cancel`.
  const stop = (): void => void reader.cancel().catch(() => undefined)
  request.signal.addEventListener('abort', stop)
  try {
    const chunks: Uint8Array<ArrayBuffer>[] = []
    let size = 0
    for (;;) {
      const { done, value } = await reader.read()
      request.signal.throwIfAborted()
      if (done) break
      size += value.length
      if (size > MAX_BODY_BYTES) throw tooLarge()
      chunks.push(value)
    }
    return new Uint8Array(await new Blob(chunks).arrayBuffer())
  } finally {
    request.signal.removeEventListener('abort', stop)
    // Of a stream that ended this is nothing; one that is too long stops producing.
    stop()
  }
}

function tooLarge(): EmbeddingsError {
  return new EmbeddingsError(
    'request_too_large',
    `The request body is longer than ${String(MAX_BODY_BYTES)} bytes; send fewer texts at a time.`,
  )
}
