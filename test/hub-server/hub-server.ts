/**
 * Imitates the Hugging Face hub for a browser: its API, `resolve/<revision>/`, the redirects to another origin, the
 * headers that pages may read. After answers recorded in public places in 2026: small files by 307 to
 * `/api/resolve-cache/` with git's hash as ETag; files in LFS by 302 to a CDN whose ETag is another hash altogether, with
 * `X-Linked-ETag` on the redirect alone; 401 for what does not exist. The browser is sent here by `chromiumArgs`.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { HubRepository, type CommitOptions, type HubFile } from './hub-repository.ts'
import { selfSigned } from './self-signed.ts'

const HUB = 'huggingface.co'
const CDN = 'us.aws.cdn.hf.co'
const EXPOSED =
  'X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,' +
  'X-Linked-Size,X-Linked-ETag,X-Xet-Hash'

/** What goes wrong at the moment. */
export interface HubFaults {
  /** Of the API: no answer, 500, or a page of some proxy's. */
  listing: 'none' | 'down' | 'broken' | 'html'
  /** Of the CDN: an answer that ends half-way (the first time), another byte, a pause before each answer. */
  cdn: 'none' | 'cut' | 'wrong' | 'slow'
}

/** One hub and its CDN, on ports of their own. */
export class HubServer {
  /** Host, path and range of every request, in their order. */
  requests: string[] = []
  faults: HubFaults = { listing: 'none', cdn: 'none' }
  readonly #repositories = new Map<string, HubRepository>()
  readonly #hub: Server
  readonly #cdn: Server

  private constructor() {
    const identity = selfSigned()
    this.#hub = createServer(identity, (request, response) => {
      this.#note(HUB, request)
      response.setHeader('access-control-allow-origin', request.headers.origin ?? `https://${HUB}`)
      response.setHeader('vary', 'Origin, Accept')
      response.setHeader('access-control-expose-headers', EXPOSED)
      this.#answerHub(request, response)
    })
    this.#cdn = createServer(identity, (request, response) => {
      this.#note(CDN, request)
      response.setHeader('access-control-allow-origin', '*')
      response.setHeader('access-control-expose-headers', '*')
      this.#answerCdn(request, response)
    })
  }

  static async start(): Promise<HubServer> {
    const server = new HubServer()
    await Promise.all(
      [server.#hub, server.#cdn].map(
        (part) => new Promise<void>((resolve) => part.listen(0, '127.0.0.1', resolve)),
      ),
    )
    return server
  }

  /** Flags of a Chromium for which this is the hub. Every other name of the hub's owner leads nowhere. */
  get chromiumArgs(): string[] {
    const rules = [
      `MAP ${HUB}:443 127.0.0.1:${portOf(this.#hub)}`,
      `MAP ${CDN}:443 127.0.0.1:${portOf(this.#cdn)}`,
      'MAP *.hf.co ~NOTFOUND',
    ]
    return [`--host-resolver-rules=${rules.join(', ')}`, '--ignore-certificate-errors']
  }

  /** A new commit on a repository's `main`. @returns its hash */
  publish(id: string, files: ReadonlyMap<string, Buffer>, options: CommitOptions = {}): string {
    const repository = this.#repositories.get(id) ?? new HubRepository(id)
    this.#repositories.set(id, repository)
    return repository.add(files, options)
  }

  /** Rewrites a repository's history: a commit is gone. */
  forget(id: string, commit: string): void {
    this.#repositories.get(id)?.commits.delete(commit)
  }

  async close(): Promise<void> {
    await Promise.all(
      [this.#hub, this.#cdn].map((part) => {
        part.closeAllConnections()
        return new Promise((resolve) => part.close(resolve))
      }),
    )
  }

  #note(host: string, request: IncomingMessage): void {
    const range = request.headers.range === undefined ? '' : ` ${request.headers.range}`
    this.requests.push(`${request.method ?? ''} ${host}${request.url ?? ''}${range}`)
  }

  #answerHub(request: IncomingMessage, response: ServerResponse): void {
    // A page that needs leave to ask would get none here, so that a header that costs a preflight is found out.
    if (request.method !== 'GET') {
      refuse(response, 405, 'MethodNotAllowed')
      return
    }
    const url = new URL(request.url ?? '', `https://${HUB}`)
    const path = decodeURIComponent(url.pathname)
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(path)
    if (api !== null) {
      this.#answerListing(response, api[1] ?? '', api[2] ?? '')
      return
    }
    const cached = /^\/api\/resolve-cache\/models\/([^/]+\/[^/]+)\/([^/]+)\/(.+)$/.exec(path)
    const resolve = cached ?? /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path)
    const [, id = '', revision = '', name = ''] = resolve ?? []
    const repository = this.#repositories.get(id)
    if (repository === undefined) refuse(response, 401, 'RepoNotFound')
    else if (repository.gated !== false) refuse(response, 401, 'GatedRepo')
    else {
      const found = repository.at(revision)
      const file = found?.files.get(name)
      if (found === null) refuse(response, 404, 'RevisionNotFound')
      else if (file === undefined) refuse(response, 404, 'EntryNotFound')
      else if (cached === null) redirect(response, id, found.commit, file)
      else response.writeHead(200, { 'content-type': 'text/plain', etag: `"${file.blobId}"` }).end(file.bytes)
    }
  }

  #answerListing(response: ServerResponse, id: string, revision: string): void {
    const { listing } = this.faults
    if (listing === 'down') {
      response.socket?.destroy()
      return
    }
    if (listing === 'broken') {
      refuse(response, 500, 'InternalError')
      return
    }
    if (listing === 'html') {
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>Sign in to the network</title>')
      return
    }
    const repository = this.#repositories.get(id)
    const found = repository?.at(revision)
    if (repository === undefined) refuse(response, 401, 'RepoNotFound')
    else if (found === null || found === undefined) refuse(response, 404, 'RevisionNotFound')
    else {
      response.setHeader('content-type', 'application/json; charset=utf-8')
      response.end(JSON.stringify(repository.listing(found.commit, found.files)))
    }
  }

  #answerCdn(request: IncomingMessage, response: ServerResponse): void {
    const sha256 = (request.url ?? '').split('/').at(-1)?.split('?')[0] ?? ''
    const file = [...this.#repositories.values()]
      .flatMap(({ commits }) => [...commits.values()])
      .flatMap((files) => [...files.values()])
      .find((candidate) => candidate.sha256 === sha256)
    if (file === undefined || request.method !== 'GET') {
      refuse(response, 403, 'AccessDenied')
      return
    }
    if (this.faults.cdn === 'slow')
      setTimeout(() => {
        this.#send(request, response, file)
      }, 300)
    else this.#send(request, response, file)
  }

  #send(request: IncomingMessage, response: ServerResponse, file: HubFile): void {
    const { cdn } = this.faults
    const bytes = cdn === 'wrong' ? file.bytes.map((byte, at) => (at === 100 ? byte ^ 1 : byte)) : file.bytes
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const part = bytes.subarray(start)
    response.setHeader('accept-ranges', 'bytes')
    // The hash of the CDN's own storage: 64 digits, and not the file's SHA-256.
    response.setHeader('etag', `"${file.sha256.slice(32)}${file.sha256.slice(0, 32)}"`)
    response.setHeader('content-length', part.length)
    if (start > 0) {
      response.setHeader(
        'content-range',
        `bytes ${String(start)}-${String(bytes.length - 1)}/${String(bytes.length)}`,
      )
    }
    response.writeHead(start > 0 ? 206 : 200, { 'content-type': 'application/octet-stream' })
    if (cdn === 'cut' && start === 0) {
      response.write(part.subarray(0, Math.floor(part.length / 2)), () => {
        setTimeout(() => response.socket?.destroy(), 50)
      })
    } else response.end(part)
  }
}

function portOf(server: Server): string {
  return String((server.address() as AddressInfo).port)
}

/** The hub's way to say no: a code in a header, and JSON. */
function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'x-error-code': code })
  response.end(JSON.stringify({ error: code }))
}

function redirect(response: ServerResponse, id: string, commit: string, file: HubFile): void {
  response.setHeader('x-repo-commit', commit)
  if (file.lfs) {
    response.writeHead(302, {
      location: `https://${CDN}/xet-bridge-us/${file.sha256}?Signature=test`,
      'x-linked-size': file.bytes.length,
      'x-linked-etag': `"${file.sha256}"`,
    })
  } else {
    response.writeHead(307, { location: `/api/resolve-cache/models/${id}/${commit}/${file.path}` })
  }
  response.end()
}
