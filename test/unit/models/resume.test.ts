/** Connections that break off, over real sockets: what is asked for again, and what comes out. */

import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { downloadFile } from '../../../src/models/download.ts'
import type { FileRecord } from '../../../src/models/recipe.ts'
import { rejectedBy } from '../thrown-by.ts'

const BODY = new Uint8Array(200_000).map((_, index) => index % 251)
const OTHER = BODY.map((byte) => byte ^ 1)
const recordOf = (body: Uint8Array): FileRecord => ({
  path: 'model.onnx',
  bytes: body.length,
  sha256: createHash('sha256').update(body).digest('hex'),
})
const RECORD = recordOf(BODY)

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** Answers in order; the last one again and again. */
let answers: Answer[] = []
/** `Range` of every request; undefined: the whole file. */
let ranges: (string | undefined)[] = []
let server: Server
let url = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    ranges.push(request.headers.range)
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    answer?.(request, response)
  })
  // Whoever is busy for longer than the default of five seconds would be met by a closed connection.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/weights.bin`
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

beforeEach(() => {
  ranges = []
})

interface Shape {
  body?: Uint8Array
  headers?: Record<string, string>
  /** Bytes after which the socket is ended; absent: the whole answer. */
  bytes?: number
}

function send(response: ServerResponse, status: number, headers: Record<string, string | number>, part: Uint8Array, bytes?: number): void {
  response.writeHead(status, { ...headers, 'content-length': part.length })
  if (bytes === undefined) response.end(part)
  else response.write(part.subarray(0, bytes), () => setTimeout(() => response.socket?.destroy(), 30))
}

/** A server without ranges. */
const whole =
  ({ body = BODY, headers = {}, bytes }: Shape = {}): Answer =>
  (_request, response) => {
    send(response, 200, headers, body, bytes)
  }

/** A server that gives the range it is asked for. */
const ranged =
  ({ body = BODY, headers = {}, bytes }: Shape = {}): Answer =>
  (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? -1)
    if (from < 0) send(response, 200, headers, body, bytes)
    else if (from >= body.length) response.writeHead(416).end()
    else {
      const range = { 'content-range': `bytes ${String(from)}-${String(body.length - 1)}/${String(body.length)}` }
      send(response, 206, { ...range, ...headers }, body.subarray(from), bytes)
    }
  }

const status =
  (code: number): Answer =>
  (_request, response) => {
    response.writeHead(code).end()
  }

const STRONG = { etag: '"one"' }

function get(record: FileRecord | undefined, signal = new AbortController().signal) {
  const loaded: number[] = []
  const totals: number[] = []
  const onProgress = (bytes: number, total: number): void => {
    loaded.push(bytes)
    totals.push(total)
  }
  return { result: downloadFile(url, { signal, expected: record, onProgress }), loaded, totals }
}

async function expectWhole(record: FileRecord | undefined, body = BODY): Promise<void> {
  const { result, loaded, totals } = get(record)
  expect(Buffer.from((await result).bytes).equals(body)).toBe(true)
  expect(loaded).toEqual(loaded.toSorted((a, b) => a - b))
  expect(totals).toEqual(totals.toSorted((a, b) => a - b))
  expect([loaded.at(-1), totals.at(-1)]).toEqual([body.length, body.length])
}

describe('is taken up where it stopped', () => {
  test.each([
    ['with a hash to check at the end', RECORD, {}],
    ['with a strong ETag', undefined, STRONG],
    ['with both', RECORD, STRONG],
  ])('%s', async (_what, record, headers) => {
    answers = [ranged({ headers, bytes: 5000 }), ranged({ headers, bytes: 60_000 }), ranged({ headers })]
    await expectWhole(record)
    expect(ranges).toEqual([undefined, 'bytes=5000-', 'bytes=65000-'])
  })

  test('after answers that are faults of the moment', async () => {
    answers = [ranged({ bytes: 5000 }), status(503), (request) => request.socket.destroy(), ranged()]
    await expectWhole(RECORD)
    expect(ranges).toEqual([undefined, 'bytes=5000-', 'bytes=5000-', 'bytes=5000-'])
  })
})

describe('begins anew', () => {
  test.each([
    ['without a hash or an ETag', undefined, {}],
    ['with a weak ETag alone', undefined, { etag: 'W/"one"' }],
  ])('%s, as nothing would show that it is the same file', async (_what, record, headers) => {
    answers = [ranged({ headers, bytes: 5000 }), ranged({ headers })]
    await expectWhole(record)
    expect(ranges).toEqual([undefined, undefined])
  })

  test('on a server without ranges', async () => {
    answers = [whole({ bytes: 5000 }), whole({ bytes: 3000 }), whole()]
    await expectWhole(RECORD)
    expect(ranges).toEqual([undefined, 'bytes=5000-', 'bytes=3000-'])
  })

  test('when the file has changed meanwhile', async () => {
    answers = [ranged({ headers: STRONG, bytes: 5000 }), ranged({ body: OTHER, headers: { etag: '"two"' } })]
    await expectWhole(undefined, OTHER)
    expect(ranges).toEqual([undefined, 'bytes=5000-', undefined])
  })

  test('when it has become shorter than what came', async () => {
    const short = BODY.subarray(0, 4000)
    answers = [ranged({ headers: STRONG, bytes: 5000 }), ranged({ body: short, headers: { etag: '"two"' } })]
    const { result } = get(undefined)
    expect(new Uint8Array((await result).bytes)).toEqual(short)
    expect(ranges).toEqual([undefined, 'bytes=5000-', undefined])
  })

  test('when the range is another than was asked for', async () => {
    const wrong: Answer = (_request, response) => {
      send(response, 206, { 'content-range': 'bytes 0-199999/200000' }, BODY)
    }
    answers = [ranged({ bytes: 5000 }), wrong, ranged()]
    await expectWhole(RECORD)
    expect(ranges).toEqual([undefined, 'bytes=5000-', undefined])
  })
})

describe('ends', () => {
  test('after three further tries in vain, with where it stands', async () => {
    answers = [ranged({ bytes: 1000 })]
    const error = await rejectedBy(get(RECORD).result)
    expect(error).toMatchObject({ code: 'model_unreachable', status: 503 })
    expect(error.message).toContain('broke off after 4000 bytes of')
    expect(ranges).toHaveLength(4)
  })

  test('at once when the file is gone', async () => {
    answers = [ranged({ bytes: 1000 }), status(404)]
    expect((await rejectedBy(get(RECORD).result)).code).toBe('model_file_not_found')
    expect(ranges).toHaveLength(2)
  })

  test('with integrity_error when the parts do not make the file', async () => {
    answers = [ranged({ bytes: 1000 }), ranged({ body: OTHER })]
    expect((await rejectedBy(get(RECORD).result)).code).toBe('integrity_error')
  })

  test('with the signal’s reason when aborted between two tries', async () => {
    const controller = new AbortController()
    const reason = new Error('the user left')
    answers = [ranged({ bytes: 1000 })]
    const { result, loaded } = get(RECORD, controller.signal)
    result.catch(() => undefined)
    while (loaded.at(-1) !== 1000) await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => setTimeout(resolve, 60))
    controller.abort(reason)
    await expect(result).rejects.toBe(reason)
    expect(ranges.length).toBeLessThan(4)
  })
})
