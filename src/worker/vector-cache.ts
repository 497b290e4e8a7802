/** Where computed vectors are kept, for the client's `cache` option. No text is kept, and no token. */

/** Where vectors are kept; least recently used out first. */
export interface VectorCache {
  readonly kind: 'memory' | 'indexeddb'
  /** The vectors in the order of the keys; null where there is none. Counts as use. */
  get(keys: readonly string[]): Promise<(Float32Array | null)[]>
  put(entries: readonly (readonly [key: string, vector: Float32Array])[]): Promise<void>
  /** Deletes every vector whose key begins so. */
  deleteAll(prefix: string): Promise<void>
  count(): Promise<number>
}
