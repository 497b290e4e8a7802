/** One file over the network: bounded, abortable, with progress, verified before anybody uses it. */

import { EmbeddingsError } from '../openai/errors.ts'
import type { FileRecord } from './recipe.ts'

export interface DownloadOptions {
  signal: AbortSignal
  /** Size and hash to check; absent: the server's word is taken. */
  record: FileRecord | undefined
  /** Bytes so far and in all; `total` is 0 while unknown. */
  onProgress: (loaded: number, total: number) => void
}

/** Without a record, more than this is no model file of ours. */
const LARGEST_UNKNOWN = 2 ** 31

/**
 * Fetches a file whole.
 *
 * @throws EmbeddingsError `model_unreachable` (no answer, or a server's fault), `model_file_not_found` (404, or a
 *   web page in place of the file), `integrity_error` (size or hash differ); the signal's reason when aborted
 */
export async function downloadFile(url: string, options: DownloadOptions): Promise<ArrayBuffer> {
  const response = await request(url, options.signal)
  const bytes = await readBody(url, response, options)
  await verifyBytes(url, bytes, options.record)
  return bytes
}

/**
 * Whether the server has a file. The answer's body is given up, so little of it is sent; not `HEAD`, which some
 * static servers refuse.
 *
 * @throws EmbeddingsError `model_unreachable`; the signal's reason when aborted
 */
export async function isOnServer(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    await (await request(url, signal)).body?.cancel()
    return true
  } catch (error) {
    if (error instanceof EmbeddingsError && error.code === 'model_file_not_found') return false
    throw error
  }
}

async function request(url: string, signal: AbortSignal): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, { signal, credentials: 'same-origin' })
  } catch (error) {
    signal.throwIfAborted()
    throw new EmbeddingsError('model_unreachable', `${url} could not be fetched: offline, blocked or no such server.`, {
      cause: error,
    })
  }
  if (response.ok) {
    if (response.headers.get('content-type')?.startsWith('text/html') === true) throw htmlInstead(url)
    return response
  }
  await response.body?.cancel()
  if (response.status === 404 || response.status === 410) {
    throw new EmbeddingsError('model_file_not_found', `${url} does not exist (status ${String(response.status)}).`)
  }
  throw new EmbeddingsError('model_unreachable', `${url} answered with status ${String(response.status)}.`)
}

function htmlInstead(url: string): EmbeddingsError {
  return new EmbeddingsError('model_file_not_found', `${url} answered with a web page (HTML) in place of the file.`)
}

async function readBody(url: string, response: Response, options: DownloadOptions): Promise<ArrayBuffer> {
  const { record, signal, onProgress } = options
  const limit = record?.bytes ?? LARGEST_UNKNOWN
  const total = record?.bytes ?? Number(response.headers.get('content-length') ?? 0)
  const chunks: Uint8Array[] = []
  let loaded = 0
  onProgress(0, total)
  try {
    for await (const chunk of response.body ?? []) {
      loaded += chunk.length
      if (loaded > limit) throw sizeError(url, `more than ${String(limit)}`, limit)
      chunks.push(chunk)
      onProgress(loaded, Math.max(total, loaded))
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof EmbeddingsError) throw error
    throw new EmbeddingsError(
      'model_unreachable',
      `The connection broke off after ${String(loaded)} bytes of ${url}.`,
      { cause: error },
    )
  }
  return concatenate(chunks, loaded)
}

function concatenate(chunks: readonly Uint8Array[], size: number): ArrayBuffer {
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes.buffer
}

function sizeError(url: string, came: string, expected: number): EmbeddingsError {
  return new EmbeddingsError('integrity_error', `${url} has ${came} bytes; the manifest says ${String(expected)}.`)
}

const LESS_THAN = 0x3c

/**
 * Checks a file's bytes against its record; without one, only that it is no web page.
 *
 * @throws EmbeddingsError `integrity_error`, `model_file_not_found`; `unsupported_environment` where the page has no
 *   Web Crypto (an insecure origin)
 */
export async function verifyBytes(url: string, bytes: ArrayBuffer, record: FileRecord | undefined): Promise<void> {
  if (record === undefined) {
    if (new Uint8Array(bytes, 0, Math.min(1, bytes.byteLength))[0] === LESS_THAN) throw htmlInstead(url)
    return
  }
  if (bytes.byteLength !== record.bytes) throw sizeError(url, String(bytes.byteLength), record.bytes)
  const sha256 = await hashBytes(bytes)
  if (sha256 !== record.sha256) {
    throw new EmbeddingsError('integrity_error', `${url} has SHA-256 ${sha256}; the manifest says ${record.sha256}.`)
  }
}

async function hashBytes(bytes: ArrayBuffer): Promise<string> {
  // Absent on insecure origins, whatever the types say.
  if ((globalThis.crypto as Partial<Crypto>).subtle === undefined) {
    throw new EmbeddingsError(
      'unsupported_environment',
      'Model files cannot be verified: this page has no Web Crypto. Serve it over https or from localhost.',
    )
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
