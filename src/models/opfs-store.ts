import type { ModelStore, StoredEntry, StoredFile, StoredRecord } from './store.ts'
import { readRecord } from './stored-record.ts'

/** Bump when what is stored under a name changes its meaning. */
export const OPFS_FOLDER = 'browser-embeddings-v1'

/** What is written after a file's bytes are: without it, the bytes do not count. */
interface Marker {
  url: string
  bytes: number
  /** Null: written by an earlier version. */
  record: StoredRecord | null
}

const MARKER = '.json'
const DATA = '.bin'

/**
 * Keeps files in the origin-private file system. A write is not atomic there (a browser that dies in the middle leaves
 * a part, or an empty file), so each file has a marker beside it, written last and removed first.
 */
export class OpfsStore implements ModelStore {
  readonly #folder: FileSystemDirectoryHandle

  private constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder
  }

  /** @throws DOMException where the browser denies storage; Error where it cannot write files in this way */
  static async open(storage: StorageManager): Promise<OpfsStore> {
    // Absent in Safari before 26, whatever the types say.
    const { createWritable } = FileSystemFileHandle.prototype as Partial<FileSystemFileHandle>
    if (createWritable === undefined) throw new Error('its file handles have no createWritable')
    const root = await storage.getDirectory()
    return new OpfsStore(await root.getDirectoryHandle(OPFS_FOLDER, { create: true }))
  }

  async get(url: string): Promise<StoredFile | null> {
    const name = await nameOf(url)
    const marker = await this.#readMarker(name + MARKER)
    const data = marker === null ? null : await this.#read(name + DATA)
    // Of another size than was committed: the browser died while this file was replaced.
    if (marker === null || data === null || data.size !== marker.bytes) return null
    return { bytes: await data.arrayBuffer(), record: marker.record }
  }

  async put(url: string, bytes: ArrayBuffer, record: StoredRecord): Promise<void> {
    const name = await nameOf(url)
    const marker: Marker = { url, bytes: bytes.byteLength, record }
    await this.#remove(name + MARKER)
    try {
      await this.#write(name + DATA, bytes)
      await this.#write(name + MARKER, JSON.stringify(marker))
    } catch (error) {
      // A write without room leaves an empty file.
      await this.#remove(name + MARKER)
      await this.#remove(name + DATA)
      throw error
    }
  }

  async delete(url: string): Promise<boolean> {
    const name = await nameOf(url)
    const kept = await this.#remove(name + MARKER)
    await this.#remove(name + DATA)
    return kept
  }

  async list(): Promise<StoredEntry[]> {
    const entries: StoredEntry[] = []
    for await (const name of this.#folder.keys()) {
      const marker = name.endsWith(MARKER) ? await this.#readMarker(name) : null
      if (marker !== null) entries.push(marker)
    }
    return entries
  }

  async #readMarker(name: string): Promise<Marker | null> {
    const text = await (await this.#read(name))?.text()
    return text === undefined ? null : parseMarker(text)
  }

  async #read(name: string): Promise<File | null> {
    try {
      return await (await this.#folder.getFileHandle(name)).getFile()
    } catch (error) {
      if (isNotFound(error)) return null
      throw error
    }
  }

  async #write(name: string, content: ArrayBuffer | string): Promise<void> {
    const writable = await (await this.#folder.getFileHandle(name, { create: true })).createWritable()
    await writable.write(content)
    await writable.close()
  }

  /** False when there was no such file. */
  async #remove(name: string): Promise<boolean> {
    try {
      await this.#folder.removeEntry(name)
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }
}

/** Null when it was never finished (the browser died while it was written), or is no marker. */
function parseMarker(text: string): Marker | null {
  try {
    const { url, bytes, record } = JSON.parse(text) as Record<string, unknown>
    if (typeof url !== 'string' || typeof bytes !== 'number') return null
    return { url, bytes, record: readRecord(record) }
  } catch {
    return null
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotFoundError'
}

/** An address may be longer than a file's name, and holds characters that none may have. */
async function nameOf(url: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(url)))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
