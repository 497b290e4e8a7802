/** The server behind `client.fetch`: routes, bodies and answers. Loaded with the first request. */

import { EmbeddingsError } from '../openai/errors.ts'
import type { EmbeddingCreateParams, Priority } from '../openai/types.ts'
import type { Embeddings } from './embeddings.ts'
import { readJsonBody } from './http-body.ts'
import { errorResponse, jsonResponse, vectorsResponse } from './http-response.ts'
import { findRoute, methodOfPath } from './http-route.ts'
import type { Models } from './models.ts'

/** What the routes call. */
export interface FetchTarget {
  embeddings: Embeddings
  models: Models
  /** True once the client is closed: then no retry can help. */
  isClosed: () => boolean
}

/**
 * Answers one request; see `createFetch`.
 *
 * @param low `priority: 'low'` of the call
 */
export async function answerRequest(target: FetchTarget, request: Request, low: boolean): Promise<Response> {
  try {
    return await unlessAborted(request.signal, answer(target, request, low ? 'background' : 'interactive'))
  } catch (error) {
    request.signal.throwIfAborted()
    if (!(error instanceof EmbeddingsError)) throw error
    return errorResponse(error, target.isClosed(), methodOfPath(new URL(request.url)))
  }
}

/** Rejects with the signal's reason as soon as it is aborted: not everything that a route waits for takes a signal. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      const reason: unknown = signal.reason
      reject(reason)
    })
  })
  return Promise.race([work, aborted])
}

async function answer(target: FetchTarget, request: Request, priority: Priority): Promise<Response> {
  const { signal } = request
  const route = findRoute(request.method, new URL(request.url))
  switch (route.name) {
    case 'create': {
      // Not checked here but by `create` itself, as a body of unknown origin.
      const body = (await readJsonBody(request)) as EmbeddingCreateParams
      return vectorsResponse(await target.embeddings.create(body, { signal, priority }))
    }
    case 'list':
      return jsonResponse(await target.models.list())
    case 'retrieve':
      return jsonResponse(await target.models.retrieve(route.model))
  }
}
