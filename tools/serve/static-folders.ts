/** Serves folders that lie outside Vite's root, and copies them beside a build: the model files, test fixtures. */

import { cp } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { IncomingMessage, ServerResponse } from 'node:http'
import sirv from 'sirv'
import type { Connect, Plugin } from 'vite'

/** URL prefix, without a slash at its end → folder on disk. */
export type StaticFolders = Readonly<Record<string, string>>

const mimeTypes: Readonly<Record<string, string>> = {
  '.onnx': 'application/octet-stream',
  '.bin': 'application/octet-stream',
  '.safetensors': 'application/octet-stream',
}

function setContentType(response: ServerResponse, path: string): void {
  const extension = /\.[^./]+$/.exec(path)?.[0] ?? ''
  const type = mimeTypes[extension]
  // sirv knows the usual types; it would send none for these, and a bare sniffed type breaks under `nosniff`.
  if (type !== undefined) response.setHeader('Content-Type', type)
}

function notFound(_request: IncomingMessage, response: ServerResponse): void {
  response.statusCode = 404
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.end('not found\n')
}

function mount(middlewares: Connect.Server, folders: StaticFolders): void {
  for (const [prefix, folder] of Object.entries(folders)) {
    // `dev: true`: files are looked up at each request, so those made while the server runs are found.
    const serve = sirv(folder, { dev: true, dotfiles: false, setHeaders: setContentType, onNoMatch: notFound })
    middlewares.use(prefix, serve)
  }
}

/**
 * A missing file under one of the prefixes is answered with 404, never with Vite's `index.html`.
 *
 * @param folders served by the dev server
 * @param options `copy`: the same folders are copied into the build and served from there by `vite preview`
 * @returns the plugin
 */
export function staticFolders(folders: StaticFolders, options: { copy: boolean }): Plugin {
  let outDir = ''
  return {
    name: 'static-folders',
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir)
    },
    configureServer(server) {
      mount(server.middlewares, folders)
    },
    configurePreviewServer(server) {
      const copied = Object.keys(folders).map((prefix) => [prefix, join(outDir, prefix)] as const)
      mount(server.middlewares, Object.fromEntries(copied))
    },
    // Not `closeBundle`: that also runs after a failed build and when a dev server stops.
    async writeBundle() {
      if (!options.copy) return
      for (const [prefix, folder] of Object.entries(folders)) {
        if (!existsSync(folder)) throw new Error(`${folder} is missing: it has to be part of the build`)
        await cp(folder, join(outDir, prefix), { recursive: true })
      }
    },
  }
}
