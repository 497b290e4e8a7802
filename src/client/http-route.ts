/** What a request to an OpenAI-compatible server asks for, told by its method and path alone. */

import { EmbeddingsError } from '../openai/errors.ts'

/** One of the routes that `client.fetch` answers. */
export type Route = { name: 'create' } | { name: 'list' } | { name: 'retrieve'; model: string }

/**
 * The route of a request. The base of the path may be anything: `/v1`, `/api/v1`, `/openai/deployments/x`, none.
 *
 * @param method in capitals, as a `Request` has it
 * @throws {EmbeddingsError} 404 `unknown_url`, 405 `method_not_allowed`
 */
export function findRoute(method: string, url: URL): Route {
  const route = matchPath(url.pathname)
  if (route === null) throw unknownUrl(method, url)
  const allowed = allowedMethod(route)
  if (method !== allowed) {
    throw new EmbeddingsError(
      'method_not_allowed',
      `Not allowed to ${method} on ${url.pathname}; it answers ${allowed}.`,
    )
  }
  return route
}

/** The one method that a path answers; null where there is nothing. */
export function methodOfPath(url: URL): string | null {
  const route = matchPath(url.pathname)
  return route === null ? null : allowedMethod(route)
}

function allowedMethod(route: Route): 'GET' | 'POST' {
  return route.name === 'create' ? 'POST' : 'GET'
}

function matchPath(path: string): Route | null {
  if (path.endsWith('/embeddings')) return { name: 'create' }
  if (path.endsWith('/models')) return { name: 'list' }
  // Greedy: a base may have a folder `models` of its own. Hub ids hold a slash, encoded by some callers.
  const id = /^.*\/models\/([^/]+(?:\/[^/]+)?)$/.exec(path)?.[1]
  if (id === undefined) return null
  try {
    return { name: 'retrieve', model: decodeURIComponent(id) }
  } catch {
    // A stray percent sign: no id has one.
    return null
  }
}

function unknownUrl(method: string, url: URL): EmbeddingsError {
  return new EmbeddingsError(
    'unknown_url',
    `Invalid URL (${method} ${url.pathname.slice(0, 200)}). Known are POST …/embeddings, GET …/models and ` +
      'GET …/models/{id}.',
  )
}
