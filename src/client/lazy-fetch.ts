/** `client.fetch`: an OpenAI-compatible server in the form of `fetch`, so that SDKs run on it unchanged. */

import type { FetchTarget } from './fetch.ts'

/**
 * Makes a function that stands in for `fetch`. Nothing leaves the page, whatever the address; `Authorization` and
 * every other header but `Content-Type` is ignored, and `priority: 'low'` runs behind interactive requests.
 *
 * Every failure is answered with its status and OpenAI's error body. As with `fetch`, an aborted request rejects with
 * the signal's own reason, and what is no request at all (a wrong URL, a body on GET) with a TypeError; so does the first
 * request where the library's own code cannot be fetched.
 */
export function createFetch(target: FetchTarget): typeof globalThis.fetch {
  return async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    request.signal.throwIfAborted()
    const { answerRequest } = await import('./fetch.ts')
    request.signal.throwIfAborted()
    return answerRequest(target, request, init?.priority === 'low')
  }
}
