/** What crosses between a Service Worker and the page whose client answers for it. Types, and one name. */

/**
 * A page that answers holds a Web Lock of this prefix and an id of its own. The Service Worker learns from the locks
 * whether there is such a page and when it goes, however it goes, and keeps no state that a restart could lose. (Which
 * window holds a lock they do not tell: Chromium's `LockInfo.clientId` is not the id of the Service Worker's clients.)
 */
export const PAGE_LOCK_PREFIX = 'browser-embeddings:page:'

/** Goes to every window, with a port: whoever holds a client answers on it. */
export interface Call {
  type: 'browser-embeddings:call'
}

/** The request, on the port of the page that answered first. */
export interface RoutedRequest {
  type: 'request'
  url: string
  method: string
  headers: [name: string, value: string][]
  body: ArrayBuffer | null
}

/** From the Service Worker, on the port; `abort`: nobody waits any more. */
export type ToPage = RoutedRequest | { type: 'abort' }

/** From the page, on the port. */
export type FromPage =
  | { type: 'present'; lock: string }
  | { type: 'response'; status: number; headers: [name: string, value: string][]; body: ArrayBuffer }
  | { type: 'failed'; message: string }
