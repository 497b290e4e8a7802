import { EmbeddingsError } from '../openai/errors.ts'
import { findUnusableRow } from '../vectors/normalize.ts'
import { Int8Rows, type Int8Matrix } from './int8-rows.ts'
import { MOST_DIMENSIONS, rowScan, type SearchBackend } from './row-scan.ts'

/** The vector space of an index. */
export interface VectorSpace {
  /** Values per vector, 1 to 16,384. */
  dimensions: number
  /** `system_fingerprint` of the responses that the vectors come from. */
  fingerprint: string
}

/** An index as it is stored: three values and two typed arrays. */
export interface StoredVectorIndex extends VectorSpace, Int8Matrix {}

/** Options of {@link VectorIndex.search}. */
export interface VectorSearchOptions {
  /** `system_fingerprint` of the response that the query's vector comes from. */
  fingerprint: string
  /** Most results. @default 10 */
  topK?: number | undefined
  /** Compare this many leading values only, renormalised. @default the query's length */
  dimensions?: number | undefined
  /** Rows for which it says false are passed over. */
  filter?: ((index: number) => boolean) | undefined
}

/** One result of {@link VectorIndex.search}. */
export interface VectorMatch {
  /** Position of the row, in the order of adding. */
  index: number
  /** Cosine, −1 to 1, within about 0.002 of that of the unquantised vectors. */
  score: number
}

/**
 * Exact nearest-neighbour search by cosine over int8 vectors: every row is compared, nothing is approximated but
 * the values themselves. A row takes `dimensions` bytes, and 4 more in an index that holds vectors whose length is not 1.
 *
 * The index belongs to one vector space and refuses vectors of another: they would be found, and mean nothing.
 * It may be searched at fewer dimensions than it holds, as far as the model supports that: the leading values of
 * rows and query are compared, which is what the model's own `dimensions` parameter gives (Matryoshka embeddings,
 * Kusupati et al. 2022).
 *
 * @example
 * const index = new VectorIndex({ dimensions: 384, fingerprint: response.system_fingerprint })
 * for (const { embedding } of response.data) index.add(embedding, response.system_fingerprint)
 * const matches = index.search(query.data[0].embedding, { fingerprint: query.system_fingerprint, topK: 5 })
 */
export class VectorIndex {
  readonly dimensions: number
  readonly fingerprint: string
  readonly #rows: Int8Rows

  /** @throws {EmbeddingsError} 400 `invalid_value` when `dimensions` is not an integer from 1 to 16,384 */
  constructor(space: VectorSpace, stored?: Int8Matrix) {
    const { dimensions, fingerprint } = space
    if (!Number.isSafeInteger(dimensions) || dimensions < 1 || dimensions > MOST_DIMENSIONS) {
      throw invalid(
        'dimensions',
        `dimensions must be an integer from 1 to ${MOST_DIMENSIONS}, got ${dimensions}`,
      )
    }
    this.dimensions = dimensions
    this.fingerprint = fingerprint
    this.#rows = new Int8Rows(dimensions, stored)
  }

  /**
   * An index over stored rows, taken as they are and without a copy: do not change the arrays afterwards.
   *
   * @throws {EmbeddingsError} 400 `invalid_value` when `rows` or `scales` is another kind of array, or `rows` is not as
   *   long as `scales` and `dimensions` demand
   */
  static fromInt8(stored: StoredVectorIndex): VectorIndex {
    const { dimensions, rows, scales } = stored
    requireArray('rows', rows, 'Int8Array')
    requireArray('scales', scales, 'Float32Array')
    if (rows.length !== scales.length * dimensions) {
      const expected = `${scales.length} scales of ${dimensions} dimensions need ${scales.length * dimensions} values`
      throw invalid('rows', `rows has ${rows.length} values, but ${expected}`)
    }
    return new VectorIndex(stored, { rows, scales })
  }

  /** What searches run on: the same for every index of a page or worker, and the same results either way. */
  get backend(): SearchBackend {
    return rowScan().backend
  }

  /** Number of rows. */
  get size(): number {
    return this.#rows.count
  }

  /**
   * Appends one vector, of any length but zero.
   *
   * @param fingerprint `system_fingerprint` of the response that it comes from
   * @returns its index
   * @throws {EmbeddingsError} 400 `invalid_value` for another fingerprint, another number of dimensions, or a vector
   *   with NaN, infinity or nothing but zeros
   */
  add(vector: ArrayLike<number>, fingerprint: string): number {
    if (vector.length !== this.dimensions) {
      throw invalid('vector', `the index holds vectors of ${this.dimensions} dimensions, got ${vector.length}`)
    }
    return this.addAll(Float32Array.from(vector), fingerprint)
  }

  /**
   * Appends the rows of a matrix; on an error none of them.
   *
   * @param matrix rows × dimensions, row-major
   * @param fingerprint `system_fingerprint` of the response that they come from
   * @returns the index of the first
   * @throws {EmbeddingsError} as {@link VectorIndex.add}
   */
  addAll(matrix: Float32Array, fingerprint: string): number {
    this.#requireSpace(fingerprint, this.dimensions)
    if (matrix.length % this.dimensions !== 0) {
      throw invalid(
        'matrix',
        `a matrix of ${matrix.length} values has no whole number of rows of ${this.dimensions}`,
      )
    }
    const unusable = findUnusableRow(matrix, this.dimensions)
    if (unusable !== -1) throw invalid('matrix', `row ${unusable} holds NaN, infinity or nothing but zeros`)
    const first = this.size
    this.#rows.append(matrix)
    return first
  }

  /**
   * Rows nearest to the query by cosine, best first; of equal scores the lower index first.
   *
   * @param query as long as the index's vectors or shorter, of any length but zero
   * @returns at most `topK` matches, fewer where the index or the filter has no more
   * @throws {EmbeddingsError} 400 `invalid_value` for another fingerprint, a `topK` that is not an integer of at least
   *   0, `dimensions` above the query's length, a query that is too long, or one with NaN, infinity or only zeros; also
   *   where the buffer that the index was made from was transferred since
   */
  search(query: ArrayLike<number>, options: VectorSearchOptions): VectorMatch[] {
    const { topK = 10, dimensions = query.length, filter } = options
    if (!Number.isSafeInteger(topK) || topK < 0) {
      throw invalid('topK', `topK must be an integer of at least 0, got ${topK}`)
    }
    if (query.length > this.dimensions) {
      throw invalid('query', `the index holds vectors of ${this.dimensions} dimensions, got ${query.length}`)
    }
    this.#requireSpace(options.fingerprint, query.length)
    if (!Number.isSafeInteger(dimensions) || dimensions < 1 || dimensions > query.length) {
      throw invalid('dimensions', `dimensions must be an integer from 1 to ${query.length}, got ${dimensions}`)
    }
    const leading = Float32Array.from(query).subarray(0, dimensions)
    if (findUnusableRow(leading, dimensions) !== -1) {
      throw invalid('query', 'the query holds NaN, infinity or nothing but zeros')
    }
    const { indices, scores } = this.#rows.search(leading, topK, rowScan(), filter)
    return Array.from(indices, (index, rank) => ({ index, score: scores[rank]! }))
  }

  /**
   * One row as float32: the vector that was added, as far as int8 kept it (cosine above 0.9999 for embeddings).
   *
   * @throws {EmbeddingsError} 400 `invalid_value` when there is no such row, or it is gone as for a search
   */
  vector(index: number): Float32Array<ArrayBuffer> {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.size) {
      throw invalid('index', `index must be an integer from 0 to ${this.size - 1}, got ${index}`)
    }
    return this.#rows.row(index)
  }

  /**
   * A copy of everything that {@link VectorIndex.fromInt8} needs.
   *
   * @throws {EmbeddingsError} 400 `invalid_value` when rows are gone as for a search
   */
  toInt8(): StoredVectorIndex {
    return { dimensions: this.dimensions, fingerprint: this.fingerprint, ...this.#rows.toMatrix() }
  }

  #requireSpace(fingerprint: string, dimensions: number): void {
    const expected = atDimensions(this.fingerprint, this.dimensions, dimensions)
    if (fingerprint === expected) return
    const message = `the index belongs to vector space ${expected}; vectors of ${fingerprint} cannot be compared with it`
    throw invalid('fingerprint', message)
  }
}

/** The name of a space cut to fewer dimensions: the fingerprints of this library end with their number. */
function atDimensions(fingerprint: string, own: number, dimensions: number): string {
  const ending = `:${own}`
  return fingerprint.endsWith(ending) ? `${fingerprint.slice(0, -ending.length)}:${dimensions}` : fingerprint
}

/**
 * By name: an array may come from another frame, whose classes are others.
 *
 * @throws {EmbeddingsError} 400 `invalid_value` for anything but a typed array of that kind
 */
function requireArray(param: string, array: unknown, kind: string): void {
  const actual = Object.prototype.toString.call(array).slice('[object '.length, -1)
  if (actual !== kind) throw invalid(param, `${param} must be of type ${kind}, got ${actual}`)
}

function invalid(param: string, message: string): EmbeddingsError {
  return new EmbeddingsError('invalid_value', message, { param })
}
