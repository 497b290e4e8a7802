/** Errors as plain data and back: Comlink's own `throw` handler keeps only name, message and stack. */

import { EmbeddingsError, isEmbeddingsErrorCode } from '../openai/errors.ts'
import type { Reply, SerializedError } from './protocol.ts'

/** Text of any thrown value, for a message or a cause. */
export function describeError(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : error.message
  return typeof error === 'string' ? error : `non-error value thrown: ${String(error)}`
}

/** An error as data. Anything but an `EmbeddingsError` is a fault of ours: 500 `inference_failed`. */
export function serializeError(error: unknown): SerializedError {
  if (error instanceof EmbeddingsError) {
    return {
      code: error.code,
      message: error.message,
      param: error.param,
      cause: error.cause === undefined ? null : describeError(error.cause),
    }
  }
  return { code: 'inference_failed', message: describeError(error), param: null, cause: null }
}

/** The error that `serializeError` was given, rebuilt on this side. */
export function reviveError(data: SerializedError): EmbeddingsError {
  const code = isEmbeddingsErrorCode(data.code) ? data.code : 'inference_failed'
  return new EmbeddingsError(code, data.message, {
    param: data.param,
    ...(data.cause === null ? {} : { cause: new Error(data.cause) }),
  })
}

/** Runs `work` and answers its result or its error as data; never rejects. */
export async function reply<T>(work: () => T | Promise<T>): Promise<Reply<T>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    return { ok: false, error: serializeError(error) }
  }
}

/** The value of a reply. @throws EmbeddingsError when the reply is an error */
export function unwrap<T>(answer: Reply<T>): T {
  if (answer.ok) return answer.value
  throw reviveError(answer.error)
}
