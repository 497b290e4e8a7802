/** What has come of a file so far, over one connection or several. */

import { EmbeddingsError } from '../openai/errors.ts'
import { sizeError, type Expected } from './verify.ts'

/** Without a record, more than this is no model file of ours. */
const LARGEST_UNKNOWN = 2 ** 31

/** The bytes of one file, and how to go on with them. */
export class PartialFile {
  readonly #url: string
  readonly #expected: Expected | undefined
  readonly #onProgress: (loaded: number, total: number) => void
  #chunks: Uint8Array[] = []
  #loaded = 0
  /** Highest figures told so far: what has to be fetched again is not told again. */
  #told = { loaded: 0, total: 0 }
  /** Names the server's file byte for byte; null: it gave no such name. */
  #etag: string | null = null
  #linkedSha256: string | null = null

  constructor(
    url: string,
    expected: Expected | undefined,
    onProgress: (loaded: number, total: number) => void,
  ) {
    this.#url = url
    this.#expected = expected
    this.#onProgress = onProgress
  }

  /** The strong ETag of the answer that the bytes come from. */
  get etag(): string | null {
    return this.#etag
  }

  /** The hash that the hub names for a large file; null: the answer does not show one. */
  get linkedSha256(): string | null {
    return this.#linkedSha256
  }

  /** Bytes kept. */
  get loaded(): number {
    return this.#loaded
  }

  /**
   * Value of a `Range` header that asks for the rest; null: all has to be fetched, as nothing came yet or nothing would
   * show that the rest is of the same file. No `If-Range` beside it: that header makes another origin's server be asked
   * for leave first, and the answer's own ETag tells the same.
   */
  get range(): string | null {
    const verifiable = this.#expected !== undefined || this.#etag !== null
    return this.#loaded > 0 && verifiable ? `bytes=${String(this.#loaded)}-` : null
  }

  /** Whether an answer to `range` is the rest of this very file. */
  continues(response: Response): boolean {
    if (response.status !== 206) return false
    const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
    // Other origins may hide the header; then the hash at the end decides.
    if (start !== undefined && Number(start) !== this.#loaded) return false
    return this.#etag === null ? this.#expected !== undefined : strongEtag(response) === this.#etag
  }

  /** Forgets the bytes. */
  restart(): void {
    this.#chunks = []
    this.#loaded = 0
    this.#etag = null
  }

  /**
   * Adds an answer's body.
   *
   * @throws EmbeddingsError `integrity_error` when more comes than the record says, `model_unreachable` when the
   *   connection breaks off; what came until then is kept
   */
  async receive(response: Response): Promise<void> {
    const limit = this.#expected?.bytes ?? LARGEST_UNKNOWN
    // The length of a compressed answer is not that of the file.
    const compressed = response.headers.has('content-encoding')
    const rest = compressed ? 0 : Number(response.headers.get('content-length') ?? 0)
    const total = this.#expected?.bytes ?? (rest === 0 ? 0 : this.#loaded + rest)
    this.#etag ??= strongEtag(response)
    this.#linkedSha256 = /^"([0-9a-f]{64})"$/.exec(response.headers.get('x-linked-etag') ?? '')?.[1] ?? null
    this.#tell(total)
    // Not `for await`: WebKit's streams (2.50) are no iterables.
    const reader = response.body?.getReader()
    try {
      for (let chunk = await reader?.read(); chunk?.value !== undefined; chunk = await reader?.read()) {
        const { value } = chunk
        if (this.#loaded + value.length > limit) throw sizeError(this.#url, `more than ${String(limit)}`, limit)
        this.#chunks.push(value)
        this.#loaded += value.length
        this.#tell(total)
      }
    } catch (error) {
      // Nobody reads the rest; a broken connection has none.
      reader?.cancel().catch(() => undefined)
      if (error instanceof EmbeddingsError) throw error
      const message = `The connection broke off after ${String(this.#loaded)} bytes of ${this.#url}.`
      throw new EmbeddingsError('model_unreachable', message, { cause: error })
    }
  }

  #tell(total: number): void {
    const loaded = Math.max(this.#loaded, this.#told.loaded)
    this.#told = { loaded, total: Math.max(total, this.#told.total, loaded) }
    this.#onProgress(loaded, this.#told.total)
  }

  /** The bytes in one piece. */
  join(): ArrayBuffer {
    const bytes = new Uint8Array(this.#loaded)
    let offset = 0
    for (const chunk of this.#chunks) {
      bytes.set(chunk, offset)
      offset += chunk.length
    }
    return bytes.buffer
  }
}

/** A weak ETag names files that mean the same, not the same bytes. */
function strongEtag(response: Response): string | null {
  const etag = response.headers.get('etag')
  return etag?.startsWith('"') === true ? etag : null
}
