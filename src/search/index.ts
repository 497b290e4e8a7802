/** The public names of `browser-embeddings/search`. */

export { matchingWords } from './highlight.ts'
export type { Int8Matrix } from './int8-rows.ts'
export type { SearchBackend } from './row-scan.ts'
export type { Span } from './sentences.ts'
export { passagesOf, splitText, type Passage, type SplitOptions } from './splitter.ts'
export {
  VectorIndex,
  type StoredVectorIndex,
  type VectorMatch,
  type VectorSearchOptions,
  type VectorSpace,
} from './vector-index.ts'
