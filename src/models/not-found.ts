/** The error of a model that does not exist here, with what to take instead. Loaded where it is told. */

import { EmbeddingsError } from '../openai/errors.ts'
import type { ModelRecipe } from './recipe.ts'
import { UNAVAILABLE } from './unavailable.ts'

/** Says that there is no such model, or why it cannot run here. @param known models that there are */
export function notFound(id: string, known: readonly ModelRecipe[]): EmbeddingsError {
  const name = JSON.stringify(id.slice(0, 128))
  const unavailable = Object.hasOwn(UNAVAILABLE, id) ? UNAVAILABLE[id] : undefined
  const message =
    unavailable === undefined
      ? `The model ${name} does not exist here. Known models: ${known.map((recipe) => recipe.id).join(', ')}.`
      : `The model ${name} cannot run here: ${unavailable.reason}. The nearest local model is ${unavailable.nearest}; ` +
        `the option aliases: { ${name}: '${unavailable.nearest}' } runs that under this name.`
  return new EmbeddingsError('model_not_found', message, { param: 'model' })
}
