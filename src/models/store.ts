/** Where model files are kept between visits. */

/** A key is the file's absolute URL. */
export interface ModelStore {
  readonly kind: 'cache' | 'opfs' | 'memory'
  /** The file's bytes; null when it is not kept. */
  get(url: string): Promise<ArrayBuffer | null>
  /** Keeps a file that was verified. @throws DOMException `QuotaExceededError` when there is no room */
  put(url: string, bytes: ArrayBuffer): Promise<void>
  /** False when it was not kept. */
  delete(url: string): Promise<boolean>
  /** Addresses of all files kept. */
  keys(): Promise<string[]>
}
