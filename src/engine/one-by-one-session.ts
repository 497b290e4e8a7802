/** A session for graphs in which a text's vector depends on what else is in the batch: each text runs alone. */

import type { TokenBatch } from './batch.ts'
import type { EmbeddingSession } from './embedding-session.ts'

/** Gives another session one text at a time. Slower than batches, and exact. */
export class OneByOneSession implements EmbeddingSession {
  readonly adapter: string | null
  readonly lost: Promise<string>
  readonly notes: readonly string[]
  readonly #session: EmbeddingSession

  constructor(session: EmbeddingSession) {
    this.#session = session
    this.adapter = session.adapter
    this.lost = session.lost
    this.notes = [...session.notes, 'texts run one at a time, since they would change each other in a batch']
  }

  async run({ ids, lengths }: TokenBatch): Promise<Float32Array<ArrayBuffer>> {
    const rows: Float32Array[] = []
    let start = 0
    for (const length of lengths) {
      const text = ids.slice(start, start + length)
      rows.push(await this.#session.run({ ids: text, lengths: Int32Array.of(length) }))
      start += length
    }
    const width = rows[0]?.length ?? 0
    const all = new Float32Array(rows.length * width)
    for (const [index, row] of rows.entries()) all.set(row, index * width)
    return all
  }

  dispose(): Promise<void> {
    return this.#session.dispose()
  }
}
