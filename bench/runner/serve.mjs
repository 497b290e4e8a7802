/** Static servers for the pages, the models and onnxruntime's files; nothing comes from anywhere else. */

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import sirv from 'sirv'
import { corpus, hasHubModel, models, peerRuntime, sharedModels } from './locations.mjs'

const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/** What a good static host sends: pages are asked for again, everything else may be kept for ever. */
function setHeaders(response, path) {
  response.setHeader(
    'Cache-Control',
    path.endsWith('.html') ? 'no-cache' : 'public, max-age=31536000, immutable',
  )
  if (path.endsWith('.onnx')) response.setHeader('Content-Type', 'application/octet-stream')
}

/**
 * @param {Map<string, string>} pages folders of the built pages by their mode, which begins their addresses
 * @param {{ isolated: boolean }} options whether pages are cross-origin isolated, which threads need
 */
export async function serve(pages, { isolated }) {
  const folders = [
    ['/models/', models],
    ...(hasHubModel ? [['/shared-models/', sharedModels]] : []),
    ['/peer-runtime/', peerRuntime],
    ['/vectors/', corpus],
    ...[...pages].map(([mode, folder]) => [`/${mode}/`, folder]),
  ]
  const mounts = folders.map(([prefix, folder]) => ({
    prefix,
    folder,
    handle: sirv(folder, { etag: true, setHeaders }),
  }))
  /** Paths that were asked for. */
  const log = new Set()

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    log.add(pathname)
    if (isolated) for (const [name, value] of Object.entries(isolationHeaders)) response.setHeader(name, value)
    const notFound = () => {
      response.statusCode = 404
      response.end()
    }
    const mount = mounts.find(({ prefix }) => pathname.startsWith(prefix))
    if (mount === undefined) {
      notFound()
      return
    }
    request.url = request.url.slice(mount.prefix.length - 1)
    mount.handle(request, response, notFound)
  })
  await new Promise((resolve) => server.listen(0, 'localhost', resolve))

  return {
    isolated,
    origin: `http://localhost:${server.address().port}`,
    /** Files asked for since the last time this was asked, each once: `{ path, bytes }`. */
    takeRequests() {
      const paths = [...log]
      log.clear()
      return paths.flatMap((path) => {
        const mount = mounts.find(({ prefix }) => path.startsWith(prefix))
        if (mount === undefined) return []
        try {
          return [{ path, bytes: readFileSync(join(mount.folder, path.slice(mount.prefix.length))) }]
        } catch {
          // Asked for and not there (the libraries probe for optional files): nothing was sent.
          return []
        }
      })
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}
