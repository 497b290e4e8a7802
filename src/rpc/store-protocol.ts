/** What crosses between the service and the page when the page keeps the model files itself. */

/** Methods of the page's store, by their names in `ModelStore`. */
export const STORE_METHODS = ['get', 'put', 'delete', 'list'] as const

/** The service asks. */
export interface StoreCall {
  id: number
  method: (typeof STORE_METHODS)[number]
  arguments: readonly unknown[]
}

/** The page answers, once for each call. The value is whatever the page's store gave. */
export type StoreAnswer = { id: number; ok: true; value: unknown } | { id: number; ok: false; reason: string }
