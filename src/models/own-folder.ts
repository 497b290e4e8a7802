/** Reads what `own-files.ts` needs from a model's folder, and finds its graph. */

import { EmbeddingsError } from '../openai/errors.ts'
import { OWN_FILES, OWN_GRAPHS, poolingFileOf, recipeFromOwnFiles } from './own-files.ts'
import type { ModelRecipe } from './recipe.ts'

/** A model's folder, wherever it lies. */
export interface ModelFolder {
  /** One JSON file, parsed; undefined when the folder does not have it. */
  json(path: string): Promise<unknown>
  /** Whether the folder has a file. */
  has(path: string): Promise<boolean>
}

/**
 * The recipe of a model in hub layout that has no manifest.
 *
 * @returns null when the folder has no `config.json`, so that there is no model
 * @throws EmbeddingsError `bad_model_file` (see `recipeFromOwnFiles`), `model_file_not_found` when no graph is there;
 *   whatever the folder throws
 */
export async function readOwnRecipe(id: string, folder: ModelFolder): Promise<ModelRecipe | null> {
  const config = await folder.json('config.json')
  if (config === undefined) return null
  const files = new Map<string, unknown>([['config.json', config]])
  const read = async (path: string): Promise<void> => {
    const json = await folder.json(path)
    if (json !== undefined) files.set(path, json)
  }
  await Promise.all(OWN_FILES.map(read))
  await read(poolingFileOf(id, files.get('modules.json')))
  for (const graph of OWN_GRAPHS) {
    if (await folder.has(graph.file)) return recipeFromOwnFiles(id, files, graph)
  }
  const tried = OWN_GRAPHS.map(({ file }) => file).join(', ')
  throw new EmbeddingsError('model_file_not_found', `The folder of ${id} has no graph; tried: ${tried}.`)
}
