/** What `client.fetch` answers before any worker is needed; Node has no Worker, so nothing here can start one. */

import { describe, expect, it } from 'vitest'
import { MAX_BODY_BYTES } from '../../src/client/http-body.ts'
import { EmbeddingsClient } from '../../src/index.ts'

const client = new EmbeddingsClient()
const { fetch } = client
const BASE = 'http://local.test/v1'
const VALID = { model: 'all-MiniLM-L6-v2', input: 'a text' }

function post(body: BodyInit | null, headers: HeadersInit = { 'content-type': 'application/json' }) {
  return fetch(`${BASE}/embeddings`, { method: 'POST', headers, body })
}

async function errorOf(response: Response): Promise<unknown> {
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/)
  return ((await response.json()) as { error: unknown }).error
}

describe('the address', () => {
  it.each([
    'http://local.test/v1/embeddings',
    'https://api.apertis.ai/v1/embeddings',
    'https://nano-gpt.com/api/v1/embeddings',
    'https://x.example/openai/deployments/d/embeddings?api-version=2024-02-01',
    'http://local.test/embeddings',
    'http://local.test/v1/models/mine/embeddings',
  ])('%s is an embeddings endpoint', async (url) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(response.status).toBe(400)
    expect(await errorOf(response)).toMatchObject({ code: 'invalid_type', param: 'model' })
  })

  it.each([
    ['POST', '/chat/completions'],
    ['GET', '/embedding'],
    ['GET', ''],
    ['GET', '/models/'],
    ['GET', '/models/a/b/c'],
    ['GET', '/models/%E0%A4%A'],
    ['POST', '/embeddings/'],
  ])('%s %s is answered with 404 unknown_url', async (method, path) => {
    const response = await fetch(BASE + path, { method })
    expect(response.status).toBe(404)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await errorOf(response)).toMatchObject({
      type: 'invalid_request_error',
      param: null,
      code: 'unknown_url',
      message: expect.stringContaining(`${method} /v1${path}`),
    })
  })

  it.each([
    ['GET', '/embeddings', 'POST'],
    ['PUT', '/embeddings', 'POST'],
    ['OPTIONS', '/embeddings', 'POST'],
    ['POST', '/models', 'GET'],
    ['HEAD', '/models', 'GET'],
    ['DELETE', '/models/all-MiniLM-L6-v2', 'GET'],
  ])('%s %s is answered with 405 and the method that is allowed', async (method, path, allowed) => {
    const response = await fetch(BASE + path, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe(allowed)
    expect(await errorOf(response)).toMatchObject({ type: 'invalid_request_error', code: 'method_not_allowed' })
  })

  it('is refused with a TypeError when it is none, as fetch does', async () => {
    await expect(fetch('http://')).rejects.toBeInstanceOf(TypeError)
    await expect(fetch(BASE, { method: 'GET', body: 'x' })).rejects.toBeInstanceOf(TypeError)
  })
})

describe('the body', () => {
  it.each([
    ['none', undefined],
    ['text/plain', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['a prefix of JSON', 'application/jsonlines'],
  ])('of type %s is answered with 415', async (_name, type) => {
    const headers = new Headers()
    if (type !== undefined) headers.set('content-type', type)
    const response = await post(new TextEncoder().encode(JSON.stringify(VALID)), headers)
    expect(response.status).toBe(415)
    expect(await errorOf(response)).toMatchObject({ code: 'unsupported_media_type', param: null })
  })

  it.each(['application/json', 'Application/JSON; charset=utf-8', 'application/vnd.api+json'])(
    'of type %s is read',
    async (type) => {
      const response = await post('{}', { 'content-type': type })
      expect(response.status).toBe(400)
    },
  )

  it.each([
    ['nothing', ''],
    ['no JSON', '{"model":'],
    ['NaN', '{"dimensions": NaN}'],
    ['bytes that are no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ])('holding %s is answered with 400 invalid_json, without repeating it', async (_name, body) => {
    const response = await post(body)
    expect(response.status).toBe(400)
    expect(await errorOf(response)).toEqual({
      message: 'The request body is not valid JSON in UTF-8.',
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_json',
    })
  })

  it('longer than 64 MiB is answered with 413', async () => {
    const response = await post(new Uint8Array(MAX_BODY_BYTES + 1))
    expect(response.status).toBe(413)
    expect(await errorOf(response)).toMatchObject({
      code: 'request_too_large',
      message: expect.stringContaining(String(MAX_BODY_BYTES)),
    })
  })

  it('that never ends is answered with 413 and stopped', async () => {
    let stopped = false
    const endless = new ReadableStream({
      pull: (controller) => {
        controller.enqueue(new Uint8Array(2 ** 20))
      },
      cancel: () => {
        stopped = true
      },
    })
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: endless,
      duplex: 'half',
    }
    const response = await fetch(`${BASE}/embeddings`, init)
    expect(response.status).toBe(413)
    await expect.poll(() => stopped, { timeout: 30_000 }).toBe(true)
  })

  it('is checked like the argument of embeddings.create, with the same error', async () => {
    const body = { ...VALID, input: ['fine', ''] }
    const thrown: unknown = await client.embeddings.create(body).catch((error: unknown) => error)
    const response = await post(JSON.stringify(body))
    expect(response.status).toBe(400)
    expect(await response.text()).toBe(JSON.stringify(thrown))
  })

  it('with an own __proto__ key is refused and changes no prototype', async () => {
    const response = await post('{"model":"m","input":"x","__proto__":{"polluted":1}}')
    expect(await errorOf(response)).toMatchObject({ code: 'unknown_parameter', param: '__proto__' })
    expect(Reflect.has({}, 'polluted')).toBe(false)
  })

  it('may come in a Request, whose init is overridden as fetch does', async () => {
    const request = new Request(`${BASE}/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: '{}',
    })
    expect((await fetch(request.clone())).status).toBe(415)
    expect((await fetch(request, { headers: { 'content-type': 'application/json' } })).status).toBe(400)
  })
})

describe('an abort', () => {
  it('before the call rejects with the own reason of the signal', async () => {
    const reason = new Error('not wanted')
    await expect(fetch(`${BASE}/models`, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('while the body comes in rejects with the own reason of the signal and stops the body', async () => {
    let stopped = false
    const silent = new ReadableStream({
      cancel: () => {
        stopped = true
      },
    })
    const controller = new AbortController()
    const { signal } = controller
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: silent, duplex: 'half', signal }
    const pending = fetch(`${BASE}/embeddings`, init)
    const reason = new Error('not wanted any more')
    setTimeout(() => {
      controller.abort(reason)
    }, 10)
    await expect(pending).rejects.toBe(reason)
    await expect.poll(() => stopped, { timeout: 30_000 }).toBe(true)
  })
})
