/** The name of a vector space. Two vectors may be compared when their spaces have the same name. */

import type { ModelRecipe } from './recipe.ts'

/**
 * `system_fingerprint` of a response: model, revision, dtype, pooling, prompt and dimensions.
 *
 * Queries and documents are made to be compared, so they share a name whatever their prompts. The device is not
 * part of it: the graphs of one dtype agree with the unquantised model, and so with each other, beyond what a
 * comparison can show (see the model's README).
 *
 * @param inputType `input_type` of the request; undefined: the text as it is
 * @example `all-MiniLM-L6-v2@53aa51172d14:q8:mean:plain:256`
 */
export function systemFingerprint(
  recipe: ModelRecipe,
  dtype: string,
  inputType: string | undefined,
  dimensions: number,
): string {
  return `${recipe.id}@${shortRevision(recipe.revision)}:${dtype}:${recipe.pooling}:${promptSpace(recipe, inputType)}:${String(dimensions)}`
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
