/** Static servers for the pages, the models and onnxruntime's files; nothing comes from anywhere else. */

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import sirv from 'sirv'
import { hasHubModel, models, peerRuntime, sharedModels } from './locations.mjs'

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
 * @param {string} pages folder of the built pages
 * @param {{ isolated: boolean }} options whether pages are cross-origin isolated, which threads need
 */
export async function serve(pages, { isolated }) {
  const folders = [
    ['/models/', models],
    ...(hasHubModel ? [['/shared-models/', sharedModels]] : []),
    ['/peer-runtime/', peerRuntime],
    ['/', pages],
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
    const { prefix, handle } = mounts.find((mount) => pathname.startsWith(mount.prefix))
    request.url = request.url.slice(prefix.length - 1)
    handle(request, response, () => {
      response.statusCode = 404
      response.end()
    })
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
        const { prefix, folder } = mounts.find((mount) => path.startsWith(mount.prefix))
        try {
          return [{ path, bytes: readFileSync(join(folder, path.slice(prefix.length))) }]
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
