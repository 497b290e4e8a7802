import { EmbeddingsError } from '../openai/errors.ts'
import { LoadedModel, type LoadContext } from './loaded-model.ts'

/** What a file's fault looks like when the model on the server is another than the one that was described. */
const OUTDATED: readonly EmbeddingsError['code'][] = ['integrity_error', 'model_file_not_found']

/**
 * Loads a model by its description, which may have been stored long ago. Where the server's files turn out to be others
 * than described, the description is asked for again, once, and the model loaded by the new one; `status` tells of it (`storageReason`).
 *
 * @throws EmbeddingsError as `LoadedModel.load` does; the signal's reason
 */
export async function loadModel(id: string, context: LoadContext): Promise<LoadedModel> {
  try {
    return await LoadedModel.load(id, context)
  } catch (error) {
    const outdated = error instanceof EmbeddingsError && OUTDATED.includes(error.code)
    if (!outdated || !(await context.repository.renew(id, context.signal))) throw error
    return LoadedModel.load(id, context)
  }
}
