import { findUnusableRow } from '../vectors/normalize.ts'
import { cosine } from '../vectors/similarity.ts'
import { knownAnswerCosine, type KnownVector, type Runnable } from './known-answer.ts'

/**
 * Length of the text beside it: with the filling taken for text, cosines to the answer fall below 0.957 (MiniLM 0.884, bge
 * 0.956: native onnxruntime on the hub's files with a mask of ones; with a quarter of filling bge keeps 0.989).
 */
const LONGER = 1.5

/**
 * Runs the known answer alone, and once more beside a longer text: there its row is filled up, which shows an attention
 * mask that a GPU gets wrong. That the other row is of no known text does not matter.
 *
 * @param maxTokens the model's limit: an answer that long has nothing longer beside it, and is run alone only
 * @returns the lesser cosine; null where a vector is zero, not finite or of another width
 */
export async function gpuKnownAnswerCosine(
  session: Runnable,
  known: KnownVector,
  maxTokens: number,
): Promise<number | null> {
  const { tokens, embedding } = known
  const alone = await knownAnswerCosine(session, known)
  const longer = Math.min(Math.ceil(LONGER * tokens.length), maxTokens)
  if (alone === null || longer <= tokens.length) return alone
  const ids = Int32Array.from({ length: tokens.length + longer }, (_, at) => tokens[at % tokens.length] ?? 0)
  const rows = await session.run({ ids, lengths: Int32Array.of(tokens.length, longer) })
  const width = embedding.length
  if (rows.length !== 2 * width || findUnusableRow(rows, width) >= 0) return null
  return Math.min(alone, cosine(rows.subarray(0, width), embedding))
}
