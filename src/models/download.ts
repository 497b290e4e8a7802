/** One file over the network: bounded, abortable, with progress, verified before anybody uses it. */

import { EmbeddingsError } from '../openai/errors.ts'
import { hashBytes } from './hash.ts'
import { PartialFile } from './partial-file.ts'
import { PolicyWatch } from './policy-refusal.ts'
import { checkWhole, htmlInstead, verifyBytes, type Expected } from './verify.ts'

export interface DownloadOptions {
  signal: AbortSignal
  /** Size and hash to check; absent: what the server tells of the file, and its form. */
  expected: Expected | undefined
  /** Bytes so far and in all; `total` is 0 while unknown. */
  onProgress: (loaded: number, total: number) => void
}

/** A file and what is established of it. */
export interface DownloadedFile {
  bytes: ArrayBuffer
  sha256: string
  /** The server's strong ETag. */
  etag: string | null
  /** The server itself named the hash that the file has. */
  vouched: boolean
}

/** Milliseconds before each further try after a connection broke off. */
const PAUSES = [100, 400, 1600]

/** A try that brought this many bytes is a good one: after it, all further tries are free again. */
const GOOD_TRY = 2 ** 20

/**
 * Fetches a file whole. A connection that breaks off is taken up again where it stopped, if the server can and if
 * something shows that it is still the same file; otherwise from the start. A file with another hash than expected is
 * asked for once more, past the browser's own cache.
 *
 * @throws EmbeddingsError `model_unreachable` (no answer, or a server's fault), `model_file_not_found` (404, or a
 *   web page in place of the file), `integrity_error` (size or hash differ), `bad_model_file` (nothing was known of the
 *   file and it is not whole); the signal's reason when aborted
 */
export async function downloadFile(url: string, options: DownloadOptions): Promise<DownloadedFile> {
  try {
    return await downloadOnce(url, options, 'default')
  } catch (error) {
    // The browser's own cache may have kept an older version of the file, or a damaged one.
    if (!(error instanceof EmbeddingsError) || error.code !== 'integrity_error') throw error
    return downloadOnce(url, options, 'reload')
  }
}

async function downloadOnce(url: string, options: DownloadOptions, cache: RequestCache): Promise<DownloadedFile> {
  const { signal, expected, onProgress } = options
  const part = new PartialFile(url, expected, onProgress)
  // A server that gives no answer at all is not asked again: offline has to be told at once.
  let response: Response | null = await request(url, signal, null, cache)
  let failures = 0
  for (;;) {
    const before = part.loaded
    try {
      response ??= await requestRest(url, part, signal, cache)
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
  const { etag, linkedSha256 } = part
  if (expected === undefined && linkedSha256 === null) {
    checkWhole(url, bytes)
    return { bytes, sha256: await hashBytes(bytes), etag, vouched: false }
  }
  const sha256 = await verifyBytes(url, bytes, expected ?? { bytes: bytes.byteLength, sha256: linkedSha256 })
  return { bytes, sha256, etag, vouched: linkedSha256 === sha256 }
}

/** The answer that brings what is missing; the file begins anew where it cannot be continued. */
async function requestRest(
  url: string,
  part: PartialFile,
  signal: AbortSignal,
  cache: RequestCache,
): Promise<Response> {
  const { range } = part
  if (range !== null) {
    const response = await request(url, signal, range, cache)
    if (part.continues(response)) return response
    part.restart()
    if (response.status === 200) return response
    await response.body?.cancel()
  }
  part.restart()
  return request(url, signal, null, cache)
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
    await (await request(url, signal, null, 'default')).body?.cancel()
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
 * @param cache `reload`: past the browser's own cache
 */
async function request(
  url: string,
  signal: AbortSignal,
  range: string | null,
  cache: RequestCache,
): Promise<Response> {
  let response: Response
  const policy = new PolicyWatch(url)
  try {
    const headers: HeadersInit = range === null ? {} : { range }
    response = await fetch(url, { signal, cache, credentials: 'same-origin', headers })
  } catch (error) {
    signal.throwIfAborted()
    const directive = await policy.directive()
    const reason =
      directive === null
        ? 'offline, blocked or no such server'
        : `blocked by ${directive} of the page's Content-Security-Policy`
    throw new EmbeddingsError('model_unreachable', `${url} could not be fetched: ${reason}.`, { cause: error })
  } finally {
    policy.close()
  }
  if (response.ok) {
    if (response.headers.get('content-type')?.startsWith('text/html') === true) throw htmlInstead(url)
    return response
  }
  // Nothing begins at that byte: the file has changed.
  if (response.status === 416 && range !== null) return response
  await response.body?.cancel()
  // The hub answers 401 and 403 for what does not exist or is not for everybody: asking again cannot help.
  if ([401, 403, 404, 410].includes(response.status)) {
    throw new EmbeddingsError('model_file_not_found', `${url} does not exist or is not public (status ${String(response.status)}).`)
  }
  throw new EmbeddingsError('model_unreachable', `${url} answered with status ${String(response.status)}.`)
}
