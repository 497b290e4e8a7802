/** Repositories as the hub has them: commits of files, some of them in LFS. */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** One file of a commit. */
export interface HubFile {
  path: string
  bytes: Buffer
  sha256: string
  /** What git names its content by. */
  blobId: string
  lfs: boolean
}

export interface CommitOptions {
  /** Hash of the commit. @default one of its files */
  commit?: string
  tags?: string[]
  gated?: false | 'auto' | 'manual'
}

/** One repository; `main` is its newest commit. */
export class HubRepository {
  readonly id: string
  readonly commits = new Map<string, ReadonlyMap<string, HubFile>>()
  main = ''
  tags: string[] = []
  gated: false | 'auto' | 'manual' = false

  constructor(id: string) {
    this.id = id
  }

  /** @returns hash of the commit */
  add(files: ReadonlyMap<string, Buffer>, options: CommitOptions): string {
    const tree = new Map([...files].map(([path, bytes]) => [path, describe(path, bytes)]))
    const names = [...tree.values()].map(({ path, blobId }) => `${path} ${blobId}`)
    this.main = options.commit ?? hash('sha1', names.join('\n'))
    this.commits.set(this.main, tree)
    this.tags = options.tags ?? []
    this.gated = options.gated ?? false
    return this.main
  }

  /** The files at a branch or commit. */
  at(revision: string): { commit: string; files: ReadonlyMap<string, HubFile> } | null {
    const commit = revision === 'main' ? this.main : revision
    const files = this.commits.get(commit)
    return files === undefined ? null : { commit, files }
  }

  /** What `/api/models/…/revision/…?blobs=true` answers, as far as it bears on files. */
  listing(commit: string, files: ReadonlyMap<string, HubFile>): object {
    return {
      _id: '64a2b1c0d5e6f708192a3b4c',
      id: this.id,
      modelId: this.id,
      sha: commit,
      private: false,
      gated: this.gated,
      disabled: false,
      // What changes from one answer to the next.
      downloads: Math.floor(Math.random() * 1e6),
      tags: this.tags,
      createdAt: '2025-01-02T03:04:05.000Z',
      siblings: [...files.values()].map(({ path, bytes, sha256, blobId, lfs }) => ({
        rfilename: path,
        blobId,
        size: bytes.length,
        ...(lfs ? { lfs: { sha256, size: bytes.length, pointerSize: 133 } } : {}),
      })),
    }
  }
}

function describe(path: string, bytes: Buffer): HubFile {
  const lfs = /\.onnx(?:_data(?:_\d+)?)?$/.test(path)
  const sha256 = hash('sha256', bytes)
  // Of a file in LFS git keeps a pointer.
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${String(bytes.length)}\n`
  const blob = lfs ? Buffer.from(pointer) : bytes
  const blobId = hash('sha1', Buffer.concat([Buffer.from(`blob ${String(blob.length)}\0`), blob]))
  return { path, bytes, sha256, blobId, lfs }
}

function hash(algorithm: string, content: string | Buffer): string {
  return createHash(algorithm).update(content).digest('hex')
}

/** The files of a folder on disk, by path under it. */
export function filesUnder(folder: string): Map<string, Buffer> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return new Map(
    entries.map((entry) => {
      const file = join(entry.parentPath, entry.name)
      return [relative(folder, file).split(sep).join('/'), readFileSync(file)]
    }),
  )
}
