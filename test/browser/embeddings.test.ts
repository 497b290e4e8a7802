/** The shipped model on WASM: right vectors, in every form and company. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeBase64Embedding, EmbeddingsClient, type EmbeddingCreateParams } from '../../src/index.ts'
import { agreement, referenceRows, referenceTexts, type ReferenceRow } from './reference.ts'

const MODEL = 'all-MiniLM-L6-v2'
const [CLS, SEP] = [101, 102]

/** `auto` prefers the library's own encoder where it knows the model; the contract is the same. */
describe.each(['auto', 'onnxruntime'] as const)('cpuRuntime %s', (cpuRuntime) => {
  let client: EmbeddingsClient
  let texts: string[]
  let fp32: ReferenceRow[]
  /** All 40 texts, one at a time. */
  const alone: number[][] = []

  beforeAll(async () => {
    client = new EmbeddingsClient({ modelsUrl: '/models/', device: 'wasm', cpuRuntime })
    texts = await referenceTexts()
    fp32 = await referenceRows('all-MiniLM-L6-v2.fp32')
    for (const text of texts) alone.push(await embedOne(text))
  })

  afterAll(() => client.close())

  async function embed(body: Partial<EmbeddingCreateParams> & { input: EmbeddingCreateParams['input'] }) {
    const response = await client.embeddings.create({
      model: MODEL,
      truncate: true,
      ...body,
      encoding_format: 'float',
    })
    return { ...response, vectors: response.data.map(({ embedding }) => embedding) }
  }

  async function embedOne(input: string | number[], dimensions?: number): Promise<number[]> {
    return (await embed({ input, dimensions })).vectors[0]!
  }

  const toFloat32 = (vectors: readonly (readonly number[])[]) =>
    vectors.map((vector) => Float32Array.from(vector))

  test('the response has the shape of the contract', async () => {
    const response = await client.embeddings.create({ model: MODEL, input: ['Hello, world!', 'a'] })
    expect(Object.keys(response).sort()).toEqual(['data', 'model', 'object', 'system_fingerprint', 'usage'])
    expect(response).toMatchObject({
      object: 'list',
      model: MODEL,
      usage: { prompt_tokens: 9, total_tokens: 9 },
    })
    expect(response.data.map(({ object, index }) => [object, index])).toEqual([
      ['embedding', 0],
      ['embedding', 1],
    ])
  })

  test('all 40 vectors agree with the unquantised model', async () => {
    const { vectors, data, usage } = await embed({ input: texts })
    expect(data.map(({ index }) => index)).toEqual(texts.map((_, index) => index))
    const native = fp32.map(({ embedding }) => embedding)
    const batched = agreement(vectors, native)
    const single = agreement(alone, native)
    console.log('fp32 agreement', cpuRuntime, { batched, single })
    expect(batched.mean).toBeGreaterThanOrEqual(0.995)
    expect(single.mean).toBeGreaterThanOrEqual(0.995)
    expect(usage.prompt_tokens).toBe(fp32.reduce((sum, { tokens }) => sum + tokens.length, 0))
  })

  /** Differences that int8 rounding may make; see design.md §5. */
  function expectSame(vectors: number[][], expected: number[][]): void {
    const { mean, minimum } = agreement(vectors, toFloat32(expected))
    expect(mean).toBeGreaterThanOrEqual(0.9999)
    expect(minimum).toBeGreaterThanOrEqual(0.998)
  }

  /** The CPU encoder computes each text for itself. Elsewhere who shares a batch depends on how fast texts are tokenized. */
  function expectEqualVectors(vectors: number[][], expected: number[][]): void {
    if (cpuRuntime === 'auto') expect(vectors).toEqual(expected)
    else expectSame(vectors, expected)
  }

  describe('a text has the same vector', () => {
    test('alone and among all others', async () => {
      expectSame((await embed({ input: texts })).vectors, alone)
    })

    test('in any order', async () => {
      const order = texts.map((_, index) => (index * 17) % texts.length)
      const { vectors } = await embed({ input: order.map((index) => texts[index]!) })
      expectSame(
        vectors,
        order.map((index) => alone[index]!),
      )
    })

    test('beside a text that is far longer', async () => {
      for (const index of [0, 7, 21, 29]) {
        const { vectors } = await embed({ input: [texts[index]!, texts[36]!, texts[35]!] })
        expectSame(vectors.slice(0, 1), [alone[index]!])
      }
    })

    test('each time, bit for bit', async () => {
      expect(await embedOne(texts[5]!)).toEqual(alone[5])
    })
  })

  describe('encoding_format', () => {
    test('base64 and float hold the same numbers', async () => {
      const input = texts.slice(0, 8)
      const { vectors } = await embed({ input })
      const { data } = await client.embeddings.create({ model: MODEL, input, encoding_format: 'base64' })
      expectEqualVectors(
        data.map(({ embedding }) => Array.from(decodeBase64Embedding(embedding))),
        vectors,
      )
    })

    test('base64 is cut as float is', async () => {
      const { data } = await client.embeddings.create({
        model: MODEL,
        input: texts[0]!,
        dimensions: 64,
        encoding_format: 'base64',
      })
      expect(Array.from(decodeBase64Embedding(data[0]!.embedding))).toEqual(await embedOne(texts[0]!, 64))
    })
  })

  describe('createMatrix', () => {
    test.each([undefined, 128])('dimensions %s: the rows of create, in one array', async (dimensions) => {
      const input = [...texts.slice(0, 9), texts[0]!]
      const { vectors, usage, system_fingerprint } = await embed({ input, dimensions })
      const { rows, ...rest } = await client.embeddings.createMatrix({
        model: MODEL,
        input,
        dimensions,
        truncate: true,
      })
      expect(rest).toEqual({ dimensions: dimensions ?? 384, model: MODEL, usage, system_fingerprint })
      expect(rows).toBeInstanceOf(Float32Array)
      const width = dimensions ?? 384
      expect(rows).toHaveLength(width * input.length)
      expectEqualVectors(
        input.map((_, row) => Array.from(rows.subarray(row * width, (row + 1) * width))),
        vectors,
      )
    })

    test('refuses a format that is no matrix, and what create refuses', async () => {
      const body = { model: MODEL, input: 'x', encoding_format: 'base64' } as object
      await expect(
        client.embeddings.createMatrix(body as EmbeddingCreateParams & { encoding_format: 'float' }),
      ).rejects.toMatchObject({ code: 'invalid_value', param: 'encoding_format' })
      await expect(client.embeddings.createMatrix({ model: MODEL, input: [] })).rejects.toMatchObject({
        code: 'empty_input',
        param: 'input',
      })
    })
  })

  describe('dimensions', () => {
    test.each([256, 128, 64])(
      '%i: the first values of the native vector, normalised again',
      async (dimensions) => {
        const { system_fingerprint } = await embed({ input: texts[0]!, dimensions })
        const native = await embed({ input: texts[0]! })
        const vectors: number[][] = []
        for (const text of texts.slice(0, 10)) vectors.push(await embedOne(text, dimensions))
        vectors.forEach((vector, row) => {
          const cut = alone[row]!.slice(0, dimensions)
          const norm = Math.sqrt(cut.reduce((sum, value) => sum + value * value, 0))
          expect(vector).toHaveLength(dimensions)
          vector.forEach((value, index) => {
            expect(Math.abs(value - cut[index]! / norm)).toBeLessThan(1e-6)
          })
        })
        expect(system_fingerprint).not.toBe(native.system_fingerprint)
      },
    )

    test('384 is the native width', async () => {
      const explicit = await embed({ input: texts[0]!, dimensions: 384 })
      expect(explicit.vectors[0]).toEqual(alone[0])
      expect(explicit.system_fingerprint).toBe((await embed({ input: texts[0]! })).system_fingerprint)
    })

    test.each([undefined, 256, 128, 64])('%s: every vector has length 1', async (dimensions) => {
      const { vectors } = await embed({ input: texts, dimensions })
      for (const vector of vectors) expect(Math.abs(Math.hypot(...vector) - 1)).toBeLessThan(1e-5)
    })
  })

  describe('token ids in place of texts', () => {
    test('give the same vectors, with special tokens and without', async () => {
      for (const index of [0, 9, 14, 21]) {
        const { tokens } = fp32[index]!
        expect([tokens[0], tokens.at(-1)]).toEqual([CLS, SEP])
        expect(await embedOne(tokens)).toEqual(alone[index])
        expect(await embedOne(tokens.slice(1, -1))).toEqual(alone[index])
      }
    })

    test('as arrays of arrays too, counted as the texts are', async () => {
      const rows = fp32.slice(0, 10)
      const byText = await embed({ input: texts.slice(0, 10) })
      const byTokens = await embed({ input: rows.map(({ tokens }) => tokens) })
      expect(byTokens.vectors).toEqual(byText.vectors)
      expect(byTokens.usage).toEqual(byText.usage)
    })
  })

  describe('the length limit', () => {
    const long = 'word '.repeat(300)

    test('truncate cuts at 256 tokens, as the reference does', async () => {
      const { usage, vectors } = await embed({ input: [long, texts[39]!], truncate: true })
      expect(usage.prompt_tokens).toBe(512)
      expect(agreement(vectors.slice(1), [fp32[39]!.embedding]).mean).toBeGreaterThanOrEqual(0.99)
    })

    test('without it a longer text is refused, and one at the limit is not', async () => {
      await expect(client.embeddings.create({ model: MODEL, input: ['short', long] })).rejects.toMatchObject({
        code: 'context_length_exceeded',
        param: 'input[1]',
      })
      const { usage } = await client.embeddings.create({ model: MODEL, input: 'word '.repeat(254) })
      expect(usage.prompt_tokens).toBe(256)
    })
  })

  test('input_type changes nothing where the model has no prompts', async () => {
    const plain = await embed({ input: texts[3]! })
    for (const input_type of ['query', 'document', 'similarity', 'classification', 'clustering'] as const) {
      const typed = await embed({ input: texts[3]!, input_type })
      expect(typed.vectors).toEqual(plain.vectors)
      expect(typed.system_fingerprint).toBe(plain.system_fingerprint)
    }
  })

  test('fields that go nowhere are accepted; the body’s own fields win over extra_body', async () => {
    const { vectors } = await embed({
      input: texts[0]!,
      user: 'someone',
      safety_identifier: 'someone',
      metadata: { a: 'b' },
      extra_body: { dimensions: 64, input: 'another text' },
    })
    expect(vectors).toEqual([await embedOne(texts[0]!, 64)])
  })

  test('an alias answers under the name of the model that ran', async () => {
    const aliased = new EmbeddingsClient({
      modelsUrl: '/models/',
      device: 'wasm',
      cpuRuntime,
      workers: 1,
      aliases: { 'text-embedding-3-small': MODEL },
    })
    const { data, model } = await aliased.embeddings.create({
      model: 'text-embedding-3-small',
      input: texts[0]!,
    })
    await aliased.close()
    expect(model).toBe(MODEL)
    expect(data[0]!.embedding).toEqual(alone[0])
  })
})
