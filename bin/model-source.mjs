/** Where a model's files come from: what the library wants of a model's folder, and what is copied. */

import { CommandError } from './command-error.mjs'

/** @import { ModelFolder } from '../src/models/model-folder.ts' */
/** @import { Asset } from './asset.mjs' */

/**
 * @typedef {object} CopySource
 * @property {string} name for messages
 * @property {string | null} asked branch, tag or commit that was asked for; null: a folder tells none
 * @property {number} created Unix time in seconds; 0: not known
 * @property {ReadonlyMap<string, { bytes: number }>} files by path
 * @property {(path: string) => Promise<Uint8Array>} read a small file, verified as far as the source knows its hash
 * @property {(path: string, target: string) => Promise<Asset>} asset a file that is to be copied
 * @property {() => Promise<ModelFolder | null>} madeFrom the model whose weights these are in another format
 *
 * @typedef {ModelFolder & CopySource} ModelSource
 */

/**
 * @param {CopySource['read']} read
 * @param {ReadonlyMap<string, unknown>} files
 * @param {string} name for messages
 * @returns {Pick<ModelFolder, 'json' | 'has'>}
 */
export function jsonReader(read, files, name) {
  return {
    has: (path) => Promise.resolve(files.has(path)),
    json: async (path) => {
      if (!files.has(path)) return undefined
      const bytes = await read(path)
      /** @type {unknown} */
      let json
      try {
        json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
      } catch {
        throw new CommandError(`${name}: ${path} is not JSON.`)
      }
      return json
    },
  }
}
