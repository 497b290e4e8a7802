/** Which output of a graph is the embedding. Pure. */

import { EmbeddingsError } from '../openai/errors.ts'

/** One output of a graph. */
export interface GraphOutput {
  name: string
  /** Element type in ONNX's names: `float32`, `float16`, … */
  type: string
  /** A dimension that depends on the batch has a name or -1. Empty where the file does not tell the shape. */
  shape: readonly (number | string)[]
}

/** The output to read. */
export interface ChosenOutput {
  name: string
  /** True: `[rows, width]`; false: `[rows, columns, width]`. */
  pooled: boolean
}

/** What the recipe says of it. */
export interface WantedOutput {
  output: string | null
  pooled: boolean | null
}

/** Pooled as the model's authors pool: exports of sentence-transformers have it. */
const POOLED = 'sentence_embedding'
/** One vector a token, in exports of transformers and of sentence-transformers. */
const TOKEN_VECTORS = ['last_hidden_state', 'token_embeddings']

const FLOATS = ['float32', 'float16']

/**
 * The output that a recipe names, or else `sentence_embedding`, `last_hidden_state`, `token_embeddings`, or the only one
 * that holds a vector a token. Never `pooler_output`, which was trained for another task, unless the recipe names it.
 *
 * @throws EmbeddingsError `bad_model_file` with the outputs that the graph has
 */
export function chooseOutput(outputs: readonly GraphOutput[], wanted: WantedOutput): ChosenOutput {
  const has = (name: string): boolean => outputs.some((output) => output.name === name)
  const name = wanted.output ?? [POOLED, ...TOKEN_VECTORS].find(has) ?? onlyTokenVectors(outputs)
  const output = outputs.find((candidate) => candidate.name === name)
  const came = outputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join('; ')
  if (output === undefined) {
    throw new EmbeddingsError(
      'bad_model_file',
      name === undefined
        ? `No output of the graph is known for an embedding, and the recipe names none; it has ${came}.`
        : `The graph has no output ${name}; it has ${came}.`,
    )
  }
  const rank = output.shape.length
  if (rank !== 0 && rank !== 2 && rank !== 3) {
    throw new EmbeddingsError(
      'bad_model_file',
      `The graph's output ${output.name} is [${output.shape.join(', ')}]; expected [rows, width] or [rows, tokens, width].`,
    )
  }
  return { name: output.name, pooled: wanted.pooled ?? (rank === 0 ? output.name === POOLED : rank === 2) }
}

function onlyTokenVectors(outputs: readonly GraphOutput[]): string | undefined {
  const candidates = outputs.filter(({ type, shape }) => FLOATS.includes(type) && shape.length === 3)
  return candidates.length === 1 ? candidates[0]?.name : undefined
}
