/** A model in a folder of this machine, in hub layout. */

import { existsSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { assetFromFile, filesUnder } from './asset.mjs'
import { CommandError } from './command-error.mjs'
import { jsonReader } from './model-source.mjs'

/** @import { ModelSource } from './model-source.mjs' */

const LFS_POINTER = 'version https://git-lfs'

/**
 * @param {string} file on this machine
 * @throws {CommandError} when git left a pointer in place of it
 */
async function refusePointer(file) {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LFS_POINTER.length), 0, LFS_POINTER.length, 0)
    if (buffer.toString('latin1', 0, bytesRead) === LFS_POINTER) {
      throw new CommandError(`${file} is a pointer that git-lfs left in place of the file: run git lfs pull.`)
    }
  } finally {
    await handle.close()
  }
}

/**
 * @param {string} from folder of models
 * @param {readonly string[]} names that the model's folder may have there, best first
 * @returns {Promise<ModelSource>}
 * @throws {CommandError} when none of them exists
 */
export async function openModelFolder(from, names) {
  const folders = names.map((name) => join(from, name))
  const folder = folders.find((candidate) => existsSync(candidate))
  if (folder === undefined) throw new CommandError(`--from: there is no ${folders.join(', nor ')}.`)
  const sizes = await filesUnder(folder)
  const files = new Map([...sizes].map(([path, bytes]) => [path, { path, bytes, sha256: null }]))
  /** @type {ModelSource['read']} */
  const read = (path) => readFile(join(folder, path))
  return {
    ...jsonReader(read, files, folder),
    path: relative(from, folder).replaceAll('\\', '/'),
    // As the page names it for a folder that tells none.
    revision: 'main',
    files,
    name: folder,
    asked: null,
    created: 0,
    read,
    madeFrom: () => Promise.resolve(null),
    asset: async (path, target) => {
      await refusePointer(join(folder, path))
      return assetFromFile(target, join(folder, path))
    },
  }
}
