/** One repository in the forms of the hub: its listing with hashes, files at a commit, large ones behind a redirect. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

const COMMIT = '0123456789abcdef0123456789abcdef01234567'

/** What the servers do wrong at the moment. */
export type HubFault = 'none' | 'wrong small file' | 'wrong large file' | 'cut' | 'silent' | 'no json'

/** A hub, and the host of its large files on another origin. */
export class SmallHub {
  fault: HubFault = 'none'
  /** Paths of the files that were asked for, in their order. */
  readonly served: string[] = []
  url = ''
  readonly #folder: string
  readonly #repository: string
  readonly #hub: Server
  readonly #cdn: Server

  /**
   * @param repository id
   * @param folder what is in it
   */
  constructor(repository: string, folder: string) {
    this.#repository = repository
    this.#folder = folder
    this.#hub = createServer((request, response) => this.#answer(request, response))
    this.#cdn = createServer((request, response) => this.#send((request.url ?? '').slice(1), response))
  }

  get commit(): string {
    return COMMIT
  }

  async listen(): Promise<void> {
    for (const server of [this.#hub, this.#cdn]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    }
    this.url = `http://127.0.0.1:${String((this.#hub.address() as AddressInfo).port)}/`
  }

  close(): void {
    for (const server of [this.#hub, this.#cdn]) {
      server.closeAllConnections()
      server.close()
    }
  }

  #listing(): object {
    const paths = readdirSync(this.#folder, { recursive: true, encoding: 'utf8' })
    const siblings = paths
      .filter((path) => statSync(join(this.#folder, path)).isFile())
      .map((path) => {
        const file = join(this.#folder, path)
        const bytes = readFileSync(file)
        const blobId = execFileSync('git', ['hash-object', '--no-filters', file], { encoding: 'utf8' }).trim()
        const lfs = path.endsWith('.onnx')
          ? {
              lfs: {
                sha256: createHash('sha256').update(bytes).digest('hex'),
                size: bytes.length,
                pointerSize: 134,
              },
            }
          : {}
        return { rfilename: path.replaceAll('\\', '/'), size: bytes.length, blobId, ...lfs }
      })
    return { id: this.#repository, sha: COMMIT, gated: false, tags: [], siblings }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').slice(1)
    const resolved = `${this.#repository}/resolve/${COMMIT}/`
    if (path === `api/models/${this.#repository}/revision/main?blobs=true`) {
      response.setHeader('content-type', 'application/json')
      response.end(this.fault === 'no json' ? '<html>' : JSON.stringify(this.#listing()))
    } else if (path.startsWith(resolved) && path.endsWith('.onnx')) {
      const { port } = this.#cdn.address() as AddressInfo
      response
        .writeHead(302, { location: `http://127.0.0.1:${String(port)}/${path.slice(resolved.length)}` })
        .end()
    } else if (path.startsWith(resolved)) this.#send(path.slice(resolved.length), response)
    else response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"Repository not found"}')
  }

  #send(path: string, response: ServerResponse): void {
    this.served.push(path)
    const bytes = readFileSync(join(this.#folder, path))
    const isLarge = path.endsWith('.onnx')
    if (this.fault === (isLarge ? 'wrong large file' : 'wrong small file')) bytes[7] = (bytes[7] ?? 0) ^ 1
    response.setHeader('content-length', bytes.length)
    if (isLarge && this.fault === 'cut') response.write(bytes.subarray(0, 100), () => response.destroy())
    else if (isLarge && this.fault === 'silent') response.write(bytes.subarray(0, 100))
    else response.end(bytes)
  }
}
