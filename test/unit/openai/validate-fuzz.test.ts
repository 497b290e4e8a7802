import { describe, expect, it } from 'vitest'
import { EmbeddingsError } from '../../../src/openai/errors.ts'
import { validateEmbeddingRequest } from '../../../src/openai/validate.ts'
import type { EmbeddingRequest } from '../../../src/openai/validate.ts'

const BODIES = 800

/** Linear congruential generator of Numerical Recipes: the same bodies in every run. */
class Generator {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!
  }

  list<Item>(longest: number, make: () => Item): Item[] {
    return Array.from({ length: this.below(longest + 1) }, make)
  }

  /** Any JSON value; hostile keys come in as own keys, as `JSON.parse` makes them. */
  json(depth: number): unknown {
    const kind = this.below(depth > 0 ? 8 : 6)
    if (kind < 2) return this.pick(['', 'x', 'float', 'query', 'a text\ud800', '__proto__', 'y'.repeat(99)])
    if (kind < 4) return this.pick([0, 1, -1, 1.5, 101, 2 ** 53, 1e308])
    if (kind === 4) return this.pick([true, false])
    if (kind === 5) return null
    if (kind === 6) return this.list(3, () => this.json(depth - 1))
    return Object.fromEntries(this.list(3, () => [this.pick(KEYS), this.json(depth - 1)] as const))
  }

  /** Right three times out of four, so that bodies with one fault and with none are common. */
  body(depth: number): unknown {
    const body: Record<string, unknown> = {}
    for (const [key, makers] of Object.entries(RIGHT)) {
      const required = key === 'model' || key === 'input'
      if (this.below(10) < (required ? 1 : 6)) continue
      body[key] = this.below(8) === 0 ? this.json(2) : this.pick(makers)(this)
    }
    if (this.below(10) === 0) {
      const value = this.json(1)
      Object.defineProperty(body, this.pick(KEYS), {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    }
    if (depth > 0 && this.below(4) === 0) body['extra_body'] = this.body(depth - 1)
    return body
  }
}

const RIGHT: Record<string, ((random: Generator) => unknown)[]> = {
  model: [() => 'all-MiniLM-L6-v2'],
  input: [
    () => 'a text',
    (random) => ['x', ...random.list(5, () => random.pick(['a', 'b\udc00', 'c']))],
    (random) => [101, ...random.list(5, () => random.below(30_000))],
    (random) => [[1], ...random.list(5, () => [random.below(30_000)])],
  ],
  encoding_format: [() => 'float', () => 'base64', () => null],
  dimensions: [() => 256, () => 1, () => null],
  user: [() => 'someone', () => null],
  safety_identifier: [() => 'hash', () => ''],
  metadata: [() => ({ a: 'b' }), () => ({}), () => null],
  truncate: [() => true, () => false],
  input_type: [() => 'query', () => 'clustering'],
}

const KEYS = [
  ...Object.keys(RIGHT),
  'extra_body',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '',
  '0',
  'tools',
]

type Verdict = { valid: EmbeddingRequest } | { refused: ReturnType<EmbeddingsError['toJSON']> }

/** Lets any throw but an `EmbeddingsError` through, which fails the test. */
function judge(body: unknown): Verdict {
  try {
    return { valid: validateEmbeddingRequest(body) }
  } catch (error) {
    if (!(error instanceof EmbeddingsError)) throw error
    return { refused: error.toJSON() }
  }
}

function expectSound(request: EmbeddingRequest): void {
  expect(request.model).not.toBe('')
  expect(request.input.items.length).toBeGreaterThan(0)
  for (const item of request.input.items) {
    expect(item.length).toBeGreaterThan(0)
    if (typeof item === 'string') expect(item.isWellFormed()).toBe(true)
    else expect(item.every((id) => Number.isSafeInteger(id) && id >= 0)).toBe(true)
  }
  expect(['float', 'base64']).toContain(request.encodingFormat)
  expect(typeof request.truncate).toBe('boolean')
  expect(request.dimensions === undefined || request.dimensions >= 1).toBe(true)
}

describe('any JSON value', () => {
  const random = new Generator(2026)
  const bodies = Array.from({ length: BODIES }, (_, i) => (i % 8 === 0 ? random.json(3) : random.body(1)))

  it('is either valid or refused with an EmbeddingsError that names a field', () => {
    for (const body of bodies) {
      const verdict = judge(body)
      if ('valid' in verdict) {
        expectSound(verdict.valid)
        continue
      }
      const { error } = verdict.refused
      expect(error.type).toBe('invalid_request_error')
      const isObject = typeof body === 'object' && body !== null && !Array.isArray(body)
      // The body itself has no name.
      expect(error.param === null, JSON.stringify(body)).toBe(!isObject)
      if (error.param !== null) expect(error.message).toContain(`'${error.param}'`)
    }
  })

  it('is judged the same after JSON and after a structured clone', () => {
    for (const body of bodies) {
      const verdict = judge(body)
      expect(judge(structuredClone(body))).toEqual(verdict)
      expect(judge(JSON.parse(JSON.stringify(body)))).toEqual(verdict)
    }
  })

  it('covers both outcomes and every code that small bodies can raise', () => {
    const outcomes = new Map<string, number>()
    for (const body of bodies) {
      const verdict = judge(body)
      const outcome = 'valid' in verdict ? 'valid' : verdict.refused.error.code
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    expect([...outcomes.keys()].toSorted()).toEqual([
      'empty_input',
      'invalid_token',
      'invalid_type',
      'invalid_value',
      'unknown_parameter',
      'valid',
    ])
    expect(outcomes.get('valid')).toBeGreaterThan(BODIES / 8)
  })

  it('leaves Object.prototype as it was', () => {
    const before = Reflect.ownKeys(Object.prototype)
    bodies.forEach(judge)
    expect(Reflect.ownKeys(Object.prototype)).toEqual(before)
  })
})
