/** A model in a folder of this machine, in hub layout. */

import { existsSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assetFromFile, filesUnder } from './asset.mjs'
import { CommandError } from './command-error.mjs'

/** @import { Asset } from './asset.mjs' */

/**
 * Where a model's files come from.
 *
 * @typedef {object} ModelSource
 * @property {string} origin for messages
 * @property {string | null} revision that the source itself tells
 * @property {ReadonlyMap<string, number>} files size in bytes by path
 * @property {(path: string) => Promise<Uint8Array>} read a small file, verified as far as the source knows its hash
 * @property {(path: string, target: string) => Promise<Asset>} asset a file that is to be copied
 */

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
  const files = await filesUnder(folder)
  return {
    origin: folder,
    revision: null,
    files,
    read: (path) => readFile(join(folder, path)),
    asset: async (path, target) => {
      await refusePointer(join(folder, path))
      return assetFromFile(target, join(folder, path))
    },
  }
}
