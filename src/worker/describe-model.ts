import type { ModelUsage } from '../models/repository.ts'
import type { Model } from '../openai/types.ts'

/** A model as `models.list` and `models.retrieve` show it. */
export function describeModel({ recipe, files, bytes }: ModelUsage): Model {
  const own = recipe.id.split('/')
  const { created, ownedBy } =
    'created' in recipe ? recipe : { created: 0, ownedBy: own.length > 1 ? (own[0] ?? '') : 'local' }
  return {
    id: recipe.id,
    object: 'model',
    created,
    owned_by: ownedBy,
    stored: files === 0 ? null : { bytes, files },
  }
}
