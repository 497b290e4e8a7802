/** Where model files are kept between visits. Types only: a page may bring its own store (option `storage`). */

/** What was established of a file when it was kept; it is checked against this each time before it is used. */
export interface StoredRecord {
  /** Size of the file. */
  bytes: number
  /** Lower-case hexadecimal SHA-256. */
  sha256: string
  /** The server's strong ETag; null: it gave none. */
  etag: string | null
  /** Who vouched for the hash: the model's manifest, the hub, or nobody but the first answer that came. */
  trust: 'manifest' | 'hub' | 'first use'
  /**
   * The model that the file belongs to, by the name of its folder. Several, with blanks between them, where an ONNX build
   * takes the file from the model that it was made from, and that one is kept too.
   */
  model: string
}

/** A file as it was kept. */
export interface StoredFile {
  bytes: ArrayBuffer
  /** Null: kept by an earlier version, which had no records. */
  record: StoredRecord | null
}

/** One line of a store's inventory. */
export interface StoredEntry {
  url: string
  /** Size of the file, 0 where the store does not know it without reading. */
  bytes: number
  record: StoredRecord | null
}

/**
 * Keeps files by their absolute URL. A file and its record come and go together: what `get` answers was put whole, or
 * it answers null. What it answers is verified by whoever asks, so a store need not verify anything itself.
 */
export interface ModelStore {
  /** The file; null when it is not kept. */
  get(url: string): Promise<StoredFile | null>
  /** Keeps a file that was verified, in place of an earlier one. Rejects when there is no room. */
  put(url: string, bytes: ArrayBuffer, record: StoredRecord): Promise<void>
  /** False when it was not kept. */
  delete(url: string): Promise<boolean>
  /** All files kept. */
  list(): Promise<StoredEntry[]>
}

/** The kinds of store: `page` is one that the page brought. */
export type StoreKind = 'cache' | 'opfs' | 'memory' | 'page'
