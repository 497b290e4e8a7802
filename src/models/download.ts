/** One file over the network: bounded, abortable, with progress, verified before anybody uses it. */

import { EmbeddingsError } from '../openai/errors.ts'
import { PartialFile, sizeError } from './partial-file.ts'
import type { FileRecord } from './recipe.ts'

export interface DownloadOptions {
  signal: AbortSignal
  /** Size and hash to check; absent: the server's word is taken. */
  record: FileRecord | undefined
  /** Bytes so far and in all; `total` is 0 while unknown. */
  onProgress: (loaded: number, total: number) => void
}

/** Milliseconds before each further try after a connection broke off. */
const PAUSES = [100, 400, 1600]

/** A try that brought this many bytes is a good one: after it, all further tries are free again. */
const GOOD_TRY = 2 ** 20

/**
 * Fetches a file whole. A connection that breaks off is taken up again where it stopped, if the server can and if
 * something shows that it is still the same file; otherwise from the start.
 *
 * @throws EmbeddingsError `model_unreachable` (no answer, or a server's fault), `model_file_not_found` (404, or a
 *   web page in place of the file), `integrity_error` (size or hash differ); the signal's reason when aborted
 */
export async function downloadFile(url: string, options: DownloadOptions): Promise<ArrayBuffer> {
  const { signal, record, onProgress } = options
  const part = new PartialFile(url, record, onProgress)
  // A server that gives no answer at all is not asked again: offline has to be told at once.
  let response: Response | null = await request(url, signal, null)
  let failures = 0
  for (;;) {
    const before = part.loaded
    try {
      response ??= await requestRest(url, part, signal)
      await part.receive(response)
      break
    } catch (error) {
      signal.throwIfAborted()
      failures = part.loaded - before >= GOOD_TRY ? 1 : failures + 1
      const milliseconds = PAUSES[failures - 1]
      const passing = error instanceof EmbeddingsError && error.code === 'model_unreachable'
      if (!passing || milliseconds === undefined) throw error
      response = null
      await pause(milliseconds, signal)
    }
  }
  const bytes = part.join()
  await verifyBytes(url, bytes, record)
  return bytes
}

/** The answer that brings what is missing; the file begins anew where it cannot be continued. */
async function requestRest(url: string, part: PartialFile, signal: AbortSignal): Promise<Response> {
  const { range } = part
  if (range !== null) {
    const response = await request(url, signal, range)
    if (part.continues(response)) return response
    part.restart()
    if (response.status === 200) return response
    await response.body?.cancel()
  }
  part.restart()
  return request(url, signal, null)
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal.addEventListener('abort', end)
  })
  signal.throwIfAborted()
}

/**
 * Whether the server has a file. The answer's body is given up, so little of it is sent; not `HEAD`, which some
 * static servers refuse.
 *
 * @throws EmbeddingsError `model_unreachable`; the signal's reason when aborted
 */
export async function isOnServer(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    await (await request(url, signal, null)).body?.cancel()
    return true
  } catch (error) {
    if (error instanceof EmbeddingsError && error.code === 'model_file_not_found') return false
    throw error
  }
}

/**
 * Asks once.
 *
 * @param range value of the `Range` header; null: the whole file
 */
async function request(url: string, signal: AbortSignal, range: string | null): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, { signal, credentials: 'same-origin', ...(range === null ? {} : { headers: { range } }) })
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
  // Nothing begins at that byte: the file has changed.
  if (response.status === 416 && range !== null) return response
  await response.body?.cancel()
  if (response.status === 404 || response.status === 410) {
    throw new EmbeddingsError('model_file_not_found', `${url} does not exist (status ${String(response.status)}).`)
  }
  throw new EmbeddingsError('model_unreachable', `${url} answered with status ${String(response.status)}.`)
}

function htmlInstead(url: string): EmbeddingsError {
  return new EmbeddingsError('model_file_not_found', `${url} answered with a web page (HTML) in place of the file.`)
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
