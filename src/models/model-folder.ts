/** A model's files, wherever they lie: on the hub at one commit, or in a folder of the page's. */

import type { FileRecord } from './recipe.ts'

/** One model's folder, as far as its description and its choice of graphs are concerned. */
export interface ModelFolder {
  /** Under `modelsUrl`, or repository on the hub. */
  readonly path: string
  /** A commit of the hub; `main` where the server tells none. */
  readonly revision: string
  /** Every file that the folder has, by path; null: the server tells no list. */
  readonly files: ReadonlyMap<string, FileRecord> | null
  /** One JSON file, parsed; undefined when the folder does not have it. */
  json(path: string): Promise<unknown>
  /** Whether the folder has a file. Without a list each call may be a request. */
  has(path: string): Promise<boolean>
}
