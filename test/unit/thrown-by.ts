import { EmbeddingsError } from '../../src/openai/errors.ts'

/** The `EmbeddingsError` that a call throws; anything else fails the test. */
export function thrownBy(call: () => unknown): EmbeddingsError {
  try {
    call()
  } catch (error) {
    if (error instanceof EmbeddingsError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** The `EmbeddingsError` that a promise rejects with; anything else fails the test. */
export async function rejectedBy(promise: Promise<unknown>): Promise<EmbeddingsError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof EmbeddingsError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
