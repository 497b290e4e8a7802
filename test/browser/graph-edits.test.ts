/** The edits of ONNX files as sessions use them: the hub's own q8 files, and pooling inside beside pooling outside. */

import * as onnxruntime from 'onnxruntime-web/wasm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EmbeddingSession } from '../../src/engine/embedding-session.ts'
import { poolHiddenStates } from '../../src/engine/pooling.ts'
import { runtimeFiles } from '../../src/engine/runtime-files.ts'
import { createOnnxSession } from '../../src/engine/session.ts'
import type { Pooling } from '../../src/models/recipe.ts'
import { normalizeRows } from '../../src/vectors/normalize.ts'
import { cosine } from '../../src/vectors/similarity.ts'
import { referenceRows, type ReferenceRow } from './reference.ts'
import { haveSharedModels } from './shared-models.ts'

const read = async (path: string): Promise<ArrayBuffer> => (await fetch(path)).arrayBuffer()

/** A session of a graph that gives one vector a token. */
const open = async (path: string, pooling: Pooling, width: number): Promise<EmbeddingSession> =>
  createOnnxSession({
    kind: 'onnxruntime',
    build: 'wasm',
    runtime: runtimeFiles('wasm', null),
    threads: 1,
    device: 'wasm',
    model: await read(path),
    externalData: [],
    output: 'last_hidden_state',
    pooled: false,
    pooling,
    width,
    padTokenId: 0,
    paddingSide: 'right',
    disabledOptimizers: [],
  })

const run = (session: EmbeddingSession, texts: readonly (readonly number[])[]): Promise<Float32Array> =>
  session.run({ ids: Int32Array.from(texts.flat()), lengths: Int32Array.from(texts, (text) => text.length) })

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length
const WIDTH = 384

interface HubFile {
  id: string
  pooling: Pooling
  /** Vectors to hold against, and the mean and least cosine to them. */
  references: Record<string, { mean: number; minimum: number }>
}

// The q8 vectors are native onnxruntime's, with one scale a text: as far from the unquantised ones as these here.
const HUB_FILES: HubFile[] = [
  {
    id: 'all-MiniLM-L6-v2',
    pooling: 'mean',
    references: {
      'all-MiniLM-L6-v2.fp32': { mean: 0.991, minimum: 0.97 },
      'all-MiniLM-L6-v2.q8': { mean: 0.985, minimum: 0.96 },
    },
  },
  {
    id: 'bge-small-en-v1.5',
    pooling: 'cls',
    references: { 'bge-small-en-v1.5.q8': { mean: 0.99, minimum: 0.98 } },
  },
  { id: 'e5-small-v2', pooling: 'mean', references: { 'e5-small-v2.q8': { mean: 0.995, minimum: 0.99 } } },
]

const here = await haveSharedModels('the edits of the hub files')

describe.each(here ? HUB_FILES : [])("the hub's q8 file of $id", ({ id, pooling, references }) => {
  let session: EmbeddingSession
  /** The last texts are long, and two of these models have twelve layers. */
  let rows: ReferenceRow[]
  const alone: Float32Array[] = []

  beforeAll(async () => {
    session = await open(`/shared-models/Xenova/${id}/onnx/model_quantized.onnx`, pooling, WIDTH)
    rows = (await referenceRows(Object.keys(references)[0]!)).slice(0, 38)
    for (const { tokens } of rows) alone.push(await run(session, [tokens]))
  })
  afterAll(() => session.dispose())

  test('takes every edit', () => {
    expect(session.notes).toEqual([])
  })

  test.each(Object.entries(references))('agrees with %s', async (name, least) => {
    const reference = await referenceRows(name)
    const cosines = alone.map((vector, index) => cosine(vector, reference[index]!.embedding))
    console.log(`${id} to ${name}: cosine mean ${mean(cosines)}, minimum ${Math.min(...cosines)}`)
    expect(mean(cosines)).toBeGreaterThan(least.mean)
    expect(Math.min(...cosines)).toBeGreaterThan(least.minimum)
  })

  test('gives a text alone and among seven others of other lengths the same vector', async () => {
    const order = rows.map((_, index) => (index * 17) % rows.length)
    const company: number[] = []
    for (let start = 0; start < order.length; start += 8) {
      const members = order.slice(start, start + 8)
      const batch = await run(
        session,
        members.map((index) => rows[index]!.tokens),
      )
      for (const [row, index] of members.entries())
        company.push(cosine(batch.slice(row * WIDTH, (row + 1) * WIDTH), alone[index]!))
    }
    console.log(`${id} alone and in company: cosine mean ${mean(company)}, minimum ${Math.min(...company)}`)
    expect(company).toHaveLength(rows.length)
    // Every operator left adds in an order that no padding changes, so nothing but the last bits may differ.
    expect(Math.min(...company)).toBeGreaterThanOrEqual(0.999999)
  })
})

const TEXTS = [
  [45],
  [30, 32],
  [43, 27, 37, 40, 10],
  [2, 14, 13, 41, 43, 1, 23, 39, 6, 38, 5, 22, 39, 14, 16, 13],
]

describe('pooling inside the graph', () => {
  const PATH = '/fixtures/simd/two-layers.onnx'
  const columns = Math.max(...TEXTS.map((text) => text.length))
  const lengths = Int32Array.from(TEXTS, (text) => text.length)
  let hidden: Float32Array
  let width: number

  beforeAll(async () => {
    onnxruntime.env.wasm.wasmPaths = runtimeFiles('wasm', null)
    const raw = await onnxruntime.InferenceSession.create(await read(PATH))
    const tensor = (value: (id: number | undefined) => number): onnxruntime.Tensor => {
      const values = TEXTS.flatMap((text) =>
        Array.from({ length: columns }, (_, column) => value(text[column])),
      )
      return new onnxruntime.Tensor('int64', BigInt64Array.from(values, BigInt), [TEXTS.length, columns])
    }
    const feeds = {
      input_ids: tensor((id) => id ?? 0),
      attention_mask: tensor((id) => Number(id !== undefined)),
      token_type_ids: tensor(() => 0),
    }
    const known = Object.entries(feeds).filter(([name]) => raw.inputNames.includes(name))
    const output = (await raw.run(Object.fromEntries(known)))['last_hidden_state']!
    hidden = (output.data as Float32Array).slice()
    width = output.dims[2]!
    await raw.release()
  })

  test.each(['mean', 'cls', 'last'] as const)('%s equals pooling outside to 1e-6', async (pooling) => {
    const wanted = poolHiddenStates(hidden, lengths, columns, width, pooling)
    normalizeRows(wanted, width)
    const session = await open(PATH, pooling, width)
    expect(session.notes).toEqual([])
    const rows = await run(session, TEXTS)
    expect(rows).toHaveLength(wanted.length)
    expect(Math.max(...rows.map((value, index) => Math.abs(value - wanted[index]!)))).toBeLessThan(1e-6)
    await session.dispose()
  })
})

describe('a quantised graph that cannot be edited', () => {
  const PATH = '/fixtures/onnx-edits/stays-read.onnx'

  test('runs one text at a time, and says so', async () => {
    const session = await open(PATH, 'mean', 8)
    expect(session.notes).toEqual([
      expect.stringMatching(/scales by token are not possible .*DequantizeLinear/),
      expect.stringMatching(/one at a time/),
    ])
    const texts = [[3, 7, 1, 9, 4], [8], [2, 5, 6]]
    const batch = await run(session, texts)
    expect(batch).toHaveLength(24)
    for (const [row, text] of texts.entries()) {
      expect(await run(session, [text])).toEqual(batch.slice(row * 8, (row + 1) * 8))
    }
    expect(new Set(batch.map((value) => value)).size).toBeGreaterThan(20)
    await session.dispose()
  })
})
