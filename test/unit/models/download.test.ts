/** Downloads over a real connection, from a server that misbehaves in every way that was seen in the field. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { downloadFile } from '../../../src/models/download.ts'
import type { FileRecord } from '../../../src/models/recipe.ts'
import { verifyBytes } from '../../../src/models/verify.ts'
import { rejectedBy } from '../thrown-by.ts'

const BODY = new Uint8Array(200_000).map((_, index) => index % 251)
const RECORD: FileRecord = {
  path: 'model.onnx',
  bytes: BODY.length,
  sha256: createHash('sha256').update(BODY).digest('hex'),
}

/** Sends `bytes` of the body and then ends the socket, without a word. */
function breakOff(response: ServerResponse, bytes: number): void {
  response.write(BODY.subarray(0, bytes), () => {
    setTimeout(() => response.socket?.destroy(), 20)
  })
}

const GRAPH = readFileSync(new URL('../../fixtures/tiny/tiny-mean/onnx/model.onnx', import.meta.url))

/** An answer whose end is the end of the connection. */
function endEarly(response: ServerResponse, bytes: Uint8Array): void {
  response.useChunkedEncodingByDefault = false
  response.removeHeader('transfer-encoding')
  response.end(bytes)
}

const routes: Record<string, (response: ServerResponse) => void> = {
  '/good': (response) => response.writeHead(200, { 'content-length': BODY.length }).end(BODY),
  '/good-chunked': (response) => response.end(BODY),
  '/flipped': (response) => response.end(BODY.map((byte, index) => (index === 77 ? byte ^ 1 : byte))),
  '/short': (response) => response.end(BODY.subarray(0, 1000)),
  '/long': (response) => response.end(Buffer.concat([BODY, BODY])),
  '/broken-with-length': (response) => {
    response.writeHead(200, { 'content-length': BODY.length })
    breakOff(response, 5000)
  },
  '/broken-chunked': (response) => {
    breakOff(response, 5000)
  },
  // Neither a length nor chunks: the end of the connection is the end of the file, and nothing tells that it is early.
  '/broken-plain': (response) => {
    response.useChunkedEncodingByDefault = false
    response.removeHeader('transfer-encoding')
    breakOff(response, 5000)
  },
  // The same without anything that is known of the file: only its form shows that it is not whole.
  '/plain/model.onnx': (response) => {
    endEarly(response, GRAPH.subarray(0, 1000))
  },
  '/plain/tokenizer.json': (response) => {
    endEarly(response, Buffer.from('{"model":{"vocab":{"a":1,'))
  },
  '/plain-whole/model.onnx': (response) => {
    endEarly(response, GRAPH)
  },
  '/lfs/model.onnx': (response) => response.end('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'),
  '/linked': (response) => response.writeHead(200, { 'x-linked-etag': `"${RECORD.sha256}"`, etag: '"0a1b"' }).end(BODY),
  '/linked-flipped': (response) =>
    response
      .writeHead(200, { 'x-linked-etag': `"${RECORD.sha256}"` })
      .end(BODY.map((byte, index) => (index === 77 ? byte ^ 1 : byte))),
  '/never-ends': (response) => response.writeHead(200).write(BODY.subarray(0, 1000)),
  '/endless': (response) => {
    const timer = setInterval(() => response.write(BODY), 1)
    response.on('close', () => {
      clearInterval(timer)
    })
  },
  '/html': (response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html>'),
  '/html-untyped': (response) => response.writeHead(200).end('<!doctype html><title>app</title>'),
  '/gone': (response) => response.writeHead(410).end(),
  '/busy': (response) => response.writeHead(503).end(),
  '/forbidden': (response) => response.writeHead(403).end(),
  '/fault': (response) => response.writeHead(500).end(),
  '/empty': (response) => response.end(),
}

let server: Server
let base = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    const route = routes[request.url ?? '']
    if (route === undefined) response.writeHead(404).end('not found')
    else route(response)
  })
  // Whoever is busy for longer than the default of five seconds would be met by a closed connection.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

interface Steps {
  loaded: number[]
  totals: number[]
}

function get(path: string, record?: FileRecord, signal = new AbortController().signal) {
  const steps: Steps = { loaded: [], totals: [] }
  const result = downloadFile(path.startsWith('http') ? path : base + path, {
    signal,
    expected: record,
    onProgress: (loaded, total) => {
      steps.loaded.push(loaded)
      steps.totals.push(total)
    },
  })
  return { result, steps }
}

describe('a good file', () => {
  test.each([
    ['/good', RECORD],
    ['/good', undefined],
    ['/good-chunked', RECORD],
    ['/good-chunked', undefined],
  ])('%s arrives whole, with rising progress up to its size (record: %o)', async (path, record) => {
    const { result, steps } = get(path, record)
    expect(Buffer.from((await result).bytes).equals(BODY)).toBe(true)
    expect(steps.loaded[0]).toBe(0)
    expect(steps.loaded).toEqual(steps.loaded.toSorted((a, b) => a - b))
    expect(steps.loaded.at(-1)).toBe(BODY.length)
    expect(steps.totals.at(-1)).toBe(BODY.length)
  })
})

describe('a bad answer', () => {
  test.each([
    ['/none', undefined, 'model_file_not_found', 404, 'status 404'],
    ['/gone', undefined, 'model_file_not_found', 404, 'status 410'],
    ['/html', undefined, 'model_file_not_found', 404, 'HTML'],
    ['/html', RECORD, 'model_file_not_found', 404, 'HTML'],
    ['/html-untyped', undefined, 'model_file_not_found', 404, 'HTML'],
    ['/fault', RECORD, 'model_unreachable', 503, 'status 500'],
    ['/busy', undefined, 'model_unreachable', 503, 'status 503'],
    ['/forbidden', RECORD, 'model_file_not_found', 404, 'status 403'],
    ['/broken-with-length', RECORD, 'model_unreachable', 503, 'broke off after'],
    ['/broken-with-length', undefined, 'model_unreachable', 503, 'broke off after'],
    ['/broken-chunked', RECORD, 'model_unreachable', 503, 'broke off after'],
    ['/broken-chunked', undefined, 'model_unreachable', 503, 'broke off after'],
    ['/broken-plain', RECORD, 'integrity_error', 502, '5000 bytes; the manifest says 200000'],
    ['/plain/model.onnx', undefined, 'bad_model_file', 502, 'its 1000 bytes end early'],
    ['/plain/tokenizer.json', undefined, 'bad_model_file', 502, 'is not JSON'],
    ['/lfs/model.onnx', undefined, 'model_file_not_found', 404, 'Git LFS pointer'],
    ['/linked-flipped', undefined, 'integrity_error', 502, RECORD.sha256],
    ['/short', RECORD, 'integrity_error', 502, '1000 bytes; the manifest says 200000'],
    ['/long', RECORD, 'integrity_error', 502, 'more than 200000 bytes'],
    ['/endless', RECORD, 'integrity_error', 502, 'more than 200000 bytes'],
    ['/flipped', RECORD, 'integrity_error', 502, RECORD.sha256],
    ['/empty', RECORD, 'integrity_error', 502, '0 bytes'],
    ['http://127.0.0.1:9/none', RECORD, 'model_unreachable', 503, 'could not be fetched'],
  ])('%s (record %o): %s', async (path, record, code, status, words) => {
    const error = await rejectedBy(get(path, record).result)
    expect(error).toMatchObject({ code, status })
    expect(error.message).toContain(words)
    // Whoever reads the message must know which file it was.
    expect(error.message).toContain(path)
  })
})

describe('what is established of a file', () => {
  test.each([
    ['/good', RECORD, { sha256: RECORD.sha256, etag: null, vouched: false }],
    ['/good', undefined, { sha256: RECORD.sha256, etag: null, vouched: false }],
    ['/linked', undefined, { sha256: RECORD.sha256, etag: '"0a1b"', vouched: true }],
    ['/plain-whole/model.onnx', undefined, { vouched: false }],
  ])('%s (record %o)', async (path, record, established) => {
    expect(await get(path, record).result).toMatchObject(established)
  })
})

describe('an abort', () => {
  const reason = new Error('the user left')

  test('before the answer rejects with the signal’s own reason', async () => {
    const controller = new AbortController()
    controller.abort(reason)
    await expect(get('/good', RECORD, controller.signal).result).rejects.toBe(reason)
  })

  test('in the middle of the body does too, at once', async () => {
    const controller = new AbortController()
    const { result, steps } = get('/never-ends', RECORD, controller.signal)
    while (steps.loaded.at(-1) !== 1000) await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort(reason)
    await expect(result).rejects.toBe(reason)
  })
})

test('stored bytes are checked by the same rules', async () => {
  await expect(verifyBytes('x', BODY.buffer, RECORD)).resolves.toBe(RECORD.sha256)
  expect((await rejectedBy(verifyBytes('x', BODY.buffer, { ...RECORD, bytes: 5 }))).code).toBe('integrity_error')
})
