/**
 * The endpoint that a document describes, answered by `client.fetch`. In Node only what needs no model is asked: there
 * is no Worker, so a test that would need one fails there.
 */

import { expect } from 'vitest'
import { EmbeddingsClient, type EmbeddingsClientOptions } from '../../src/index.ts'

/** False in Node, where the suites run without their part that needs a model. */
export const hasModel = typeof Worker !== 'undefined'

/** What really runs. */
export const MODEL = 'all-MiniLM-L6-v2'

/** Every model that the documents' examples name. */
const ALIASES = {
  'text-embedding-3-small': MODEL,
  'text-embedding-3-large': MODEL,
  'text-embedding-ada-002': MODEL,
  'your-embedding-model-or-deployment-id': MODEL,
}

export interface Answer {
  status: number
  headers: Headers
  /** The parsed body. */
  body: Record<string, never>
  error: { message: string; type: string; param: string | null; code: string | null }
}

/** A client as a page of an app has it; in Node one that knows no models. */
export function newClient(options: EmbeddingsClientOptions = {}): EmbeddingsClient {
  return new EmbeddingsClient(
    hasModel ? { modelsUrl: '/models/', device: 'wasm', aliases: ALIASES, ...options } : options,
  )
}

/** Asks an address of a document's server. */
export async function request(client: EmbeddingsClient, url: string, init?: RequestInit): Promise<Answer> {
  const response = await client.fetch(url, init)
  expect(response.headers.get('content-type')).toBe('application/json')
  const body = await response.json()
  return { status: response.status, headers: response.headers, body, error: body.error }
}

/** Posts a body, given as an object or as the text that a document prints. */
export function post(
  client: EmbeddingsClient,
  url: string,
  body: unknown,
  headers: Record<string, string> = {
    'Content-Type': 'application/json',
    Authorization: 'Bearer sk-your-api-key',
  },
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return request(client, url, { method: 'POST', headers, body: text })
}

/** A list of `count` embeddings of `dimensions` numbers each, of length 1, as every document describes it. */
export function expectList(answer: Answer, count: number, dimensions = 384): number[][] {
  expect(answer.error).toBeUndefined()
  expect(answer.status).toBe(200)
  const { object, data, model, usage } = answer.body as unknown as {
    object: string
    data: { object: string; index: number; embedding: number[] }[]
    model: string
    usage: { prompt_tokens: number; total_tokens: number }
  }
  expect(object).toBe('list')
  expect(model).toBe(MODEL)
  expect(data).toHaveLength(count)
  expect(Number.isInteger(usage.prompt_tokens)).toBe(true)
  expect(usage.prompt_tokens).toBeGreaterThan(2 * count)
  expect(usage.total_tokens).toBe(usage.prompt_tokens)
  return data.map((entry, index) => {
    expect(entry.object).toBe('embedding')
    expect(entry.index).toBe(index)
    expect(entry.embedding).toHaveLength(dimensions)
    expect(entry.embedding.every(Number.isFinite)).toBe(true)
    expect(Math.hypot(...entry.embedding)).toBeCloseTo(1, 5)
    return entry.embedding
  })
}

/** The floats of a base64 string, by the platform's own means. */
export function floatsOf(base64: string): number[] {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  return Array.from(new Float32Array(bytes.buffer))
}

/** What `usage.prompt_tokens` is. */
export function tokensOf(answer: Answer): number {
  return (answer.body as unknown as { usage: { prompt_tokens: number } }).usage.prompt_tokens
}

/** The model's manifest, changed: for models that differ or fail in a known way. Its files are found by its id. */
export async function changedModel(
  change: (manifest: { recipe: object; knownAnswer: object; files: object[] }) => object,
): Promise<unknown> {
  const manifest = await (await fetch(`/models/${MODEL}/manifest.json`)).json()
  return { ...manifest, ...change(manifest) }
}
