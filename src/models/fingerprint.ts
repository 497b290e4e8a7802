/** The name of a vector space. Two vectors may be compared when their spaces have the same name. */

import type { ModelRecipe } from './recipe.ts'

/**
 * What this library makes of 8-bit graphs, raised when it changes vectors: 2 has one scale a token, where 1 had one a
 * batch (cosine of the two down to 0.96). Kept vectors of an earlier one are then not found, and not compared.
 */
const ARITHMETIC_8_BIT = 2

/**
 * `system_fingerprint` of a response: model, revision, dtype, pooling, prompt and dimensions. A model that has several names
 * (its own, its repository, that of the original weights) is named by the folder that its files lie in.
 *
 * Queries and documents are made to be compared, so they share a name whatever their prompts. Device and runtime are not
 * part of it: the sessions of one dtype differ from each other by no more than from the unquantised model, which is what
 * the dtype stands for (the hub's 8-bit all-MiniLM-L6-v2: cosine 0.994 to it by the CPU encoder, 0.992 by onnxruntime). A
 * GPU that was found to differ from this device's CPU by more (`LEAST_AGREEMENT`) has a name of its own.
 *
 * @param dtype weight format; `+webgpu` after it names such a GPU
 * @param inputType `input_type` of the request; undefined: the text as it is
 * @example `all-MiniLM-L6-v2@53aa51172d14:q8.2:mean:plain:256`
 */
export function systemFingerprint(
  recipe: ModelRecipe,
  dtype: string,
  inputType: string | undefined,
  dimensions: number,
): string {
  return `${recipe.path}@${shortRevision(recipe.revision)}:${arithmetic(dtype)}:${recipe.pooling}:${promptSpace(recipe, inputType)}:${String(dimensions)}`
}

function arithmetic(dtype: string): string {
  return dtype.replace(/^(?:q8|u?int8)(?=$|\+)/, `$&.${String(ARITHMETIC_8_BIT)}`)
}

/** Of a commit the part that git shows. */
function shortRevision(revision: string): string {
  return /^[0-9a-f]{40}$/.test(revision) ? revision.slice(0, 12) : revision
}

function promptSpace(recipe: ModelRecipe, inputType: string | undefined): string {
  const promptOf = (type: string): string => recipe.prompts[type] ?? ''
  if (inputType === undefined) return 'plain'
  if (inputType === 'query' || inputType === 'document') {
    return promptOf('query') === '' && promptOf('document') === '' ? 'plain' : 'retrieval'
  }
  return promptOf(inputType) === '' ? 'plain' : inputType
}
