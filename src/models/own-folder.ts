/** Reads what `own-files.ts` needs from a model's folder, and finds its graphs. */

import { findVariants, type WantedGraphs } from './find-variants.ts'
import { JsonField } from './json-field.ts'
import type { ModelFolder } from './model-folder.ts'
import { OWN_FILES, poolingFileOf, recipeFromOwnFiles, UNSUITABLE, type OwnFile } from './own-files.ts'
import type { ModelRecipe } from './recipe.ts'

export interface OwnRecipeOptions {
  folder: ModelFolder
  /** Of the repository whose weights these are in another format; null: none is known. */
  origin: () => Promise<ModelFolder | null>
  wanted: Omit<WantedGraphs, 'unsuitable'>
  /** Unix time in seconds; 0: not known. */
  created: number
}

/**
 * The recipe of a model in hub layout that has no manifest. ONNX builds of the hub mostly come without the files of
 * sentence-transformers; those of the model that they were made from say the same.
 *
 * @returns null when the folder has no `config.json`, so that there is no model
 * @throws EmbeddingsError `bad_model_file` (see `recipeFromOwnFiles`), as `findVariants` does; whatever the folder throws
 */
export async function readOwnRecipe(id: string, options: OwnRecipeOptions): Promise<ModelRecipe | null> {
  const { folder, wanted, created } = options
  const files = new Map<string, OwnFile>()
  await readInto(files, folder, ['config.json'])
  const config = files.get('config.json')?.json
  if (config === undefined) return null
  await readInto(files, folder, OWN_FILES)
  await readPooling(files, folder)
  if (!files.has(poolingFileOf(files.get('modules.json')))) {
    const origin = await options.origin()
    if (origin !== null) {
      await readInto(files, origin, OWN_FILES)
      await readPooling(files, origin)
    }
  }
  const type = String(JsonField.root(config, `${folder.path}/config.json`).at('model_type').value)
  const unsuitable = Object.hasOwn(UNSUITABLE, type) ? (UNSUITABLE[type] ?? []) : []
  const variants = await findVariants(id, folder, { ...wanted, unsuitable })
  const { path, revision } = folder
  return recipeFromOwnFiles({ id, path, revision, created, variants, files: [...(folder.files?.values() ?? [])] }, files)
}

/** Adds those of the files that are not there yet. */
async function readInto(files: Map<string, OwnFile>, folder: ModelFolder, paths: readonly string[]): Promise<void> {
  await Promise.all(
    paths.map(async (path) => {
      const json = files.has(path) ? undefined : await folder.json(path)
      if (json !== undefined) files.set(path, { json, of: folder.path })
    }),
  )
}

function readPooling(files: Map<string, OwnFile>, folder: ModelFolder): Promise<void> {
  return readInto(files, folder, [poolingFileOf(files.get('modules.json'))])
}
