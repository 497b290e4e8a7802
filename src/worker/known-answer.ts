/** The test of a session by a text whose vector is known. */

import type { TokenBatch } from '../engine/batch.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import { findUnusableRow } from '../vectors/normalize.ts'
import { cosine } from '../vectors/similarity.ts'

/** A session, as far as it is tested. */
export interface Runnable {
  run: (batch: TokenBatch) => Promise<Float32Array>
}

/** Tokens of a text and the vector that the model has for it. */
export interface KnownVector {
  tokens: Int32Array
  /** L2-normalised, native width. */
  embedding: Float32Array
  /** Weight format of the session that computed it; `fp32` for those that recipes carry. */
  dtype: string
}

/** Least cosine of a known answer to the stored vector. Right graphs reach 0.99; broken ones stay near 0 (transformers.js#1728). */
const LEAST_COSINE = 0.99

/** One batch of one text. */
export function loneText(ids: Int32Array): TokenBatch {
  // A copy: what is sent to a worker may be transferred.
  return { ids: ids.slice(), lengths: Int32Array.of(ids.length) }
}

/** What quantised weights cost in cosine to fp32 at worst, on ordinary text (design.md §4; 4 bits: 0.965 in the mean). */
function lossOf(dtype: string): number {
  if (/^(?:q4|bnb4|int4|uint4)/.test(dtype)) return 0.06
  if (/^(?:q[123]|int[123]|uint[123])(?!\d)/.test(dtype)) return 0.2
  return 0
}

/**
 * The least cosine at which a session with weights of `dtype` passes: 0.99, for 4-bit weights 0.93, below them 0.79; 0.02 less where
 * the answer was itself computed with 8-bit weights (the hub's q8 files: down to 0.969), as much less as theirs with narrower ones.
 */
export function leastCosine(dtype: string, answerDtype: string): number {
  const exact = answerDtype.startsWith('fp')
  // Weights of the same width lose alike, and mostly in the same direction; only what one has lost more counts.
  return LEAST_COSINE - Math.max(lossOf(dtype), lossOf(answerDtype)) - (exact ? 0 : 0.02)
}

/** The vector that a session gives for a text, which also warms the session up; null where it is zero or not finite. */
export async function runProbe(slot: Runnable, tokens: Int32Array): Promise<Float32Array | null> {
  const vector = await slot.run(loneText(tokens))
  return findUnusableRow(vector, vector.length) < 0 ? vector : null
}

/**
 * Runs the known answer.
 *
 * @returns the cosine; null where the vector is zero, not finite or of another width
 */
export async function knownAnswerCosine(slot: Runnable, known: KnownVector): Promise<number | null> {
  const vector = await runProbe(slot, known.tokens)
  return vector?.length === known.embedding.length ? cosine(vector, known.embedding) : null
}

/** The cosine, if it is high enough. @throws EmbeddingsError `invalid_output` */
export function requireCosine(measured: number | null, least: number): number {
  if (measured === null) throw new EmbeddingsError('invalid_output', 'the first vector is zero or not finite')
  if (measured >= least) return measured
  throw new EmbeddingsError('invalid_output', `known-answer cosine ${measured.toFixed(3)}`)
}
