/** Quantised graphs, as onnxruntime's own tools make them, compute after the edit what numpy does with scales by token. */

import { describe, expect, test } from 'vitest'
import { readGraphInterface } from '../../../../src/engine/onnx/scan-graph.ts'
import { EmbeddingsError } from '../../../../src/openai/errors.ts'
import { makeRandom } from './random.ts'
import { edit, expected, fixture, furthest, runGraph } from './run-graph.ts'

const HIDDEN = 'last_hidden_state'
const GRAPHS = Object.keys(expected.hidden)
const WIDTH = 8

/** The rows of the first tokens of a text, of a result padded on the right. */
const rowsOf = (data: Float32Array, text: number, columns: number): Float32Array =>
  data.slice(text * columns * WIDTH, (text * columns + expected.lengths[text]!) * WIDTH)

const textsAlone = expected.ids.right.map((ids, text) => ids.slice(0, expected.lengths[text]))

describe.each(GRAPHS)('%s', (name) => {
  const file = fixture(name)
  const edited = edit(file, null)
  const wanted = expected.hidden[name]!

  test('is edited', () => {
    expect(edited).toMatchObject({ pooledOutput: null, batchDependent: false, reasons: [] })
    const { operators } = readGraphInterface(edited.model)
    const left = [...operators.keys()].filter((op) => /Dynamic|MatMulInteger$/.test(op))
    expect(left).toEqual([])
    expect(operators.get('com.microsoft.MatMulIntegerToFloat')).toBe(3)
  })

  test('computes what numpy does, in a batch and alone', async () => {
    const scale = Math.max(...wanted.flat(2).map(Math.abs))
    const batch = await runGraph(edited.model, HIDDEN, expected.ids.right)
    for (const [text, ids] of textsAlone.entries()) {
      const rows = rowsOf(batch.data, text, batch.dims[1]!)
      expect(furthest(rows, wanted[text]!.flat())).toBeLessThan(scale * 1e-5)
      const alone = await runGraph(edited.model, HIDDEN, [ids])
      expect(alone.data).toEqual(rows)
    }
  })

  test('unedited, the same text depends on its company', async () => {
    const batch = await runGraph(file, HIDDEN, expected.ids.right)
    const alone = await runGraph(file, HIDDEN, [textsAlone[1]!])
    expect(furthest(alone.data, [...rowsOf(batch.data, 1, batch.dims[1]!)])).toBeGreaterThan(0.01)
  })

  test('both edits at once', async () => {
    const { model, pooledOutput } = edit(file, { output: HIDDEN, pooling: 'last' })
    const { data } = await runGraph(model, pooledOutput ?? '', expected.ids.right)
    const last = wanted.map((rows) => rows.at(-1)).map((row) => row.map((value) => value / Math.hypot(...row)))
    expect(furthest(data, last.flat())).toBeLessThan(1e-5)
  })
})

describe('a graph that is quantised in another way stays as it is, is told apart, and still pools', () => {
  test.each([
    ['stays-shown', /of x: what it gives is read elsewhere/],
    ['stays-read', /DequantizeLinear reads what it gives/],
    ['stays-both', /Transpose reads|weights are not a constant/],
    ['stays-convolution', /Unsqueeze reads what it gives/],
    ['odd', /read elsewhere|inside a branch/],
  ])('%s', (name, reason) => {
    const file = fixture(name)
    const edited = edit(file, null)
    expect(edited).toMatchObject({ batchDependent: true, reasons: [expect.stringMatching(reason)] })
    expect(edited.model).toBe(file)
  })

  test('pooled, and otherwise what it was', async () => {
    const file = fixture('stays-read')
    const { model, pooledOutput, batchDependent } = edit(file, { output: HIDDEN, pooling: 'cls' })
    expect(batchDependent).toBe(true)
    const before = await runGraph(file, HIDDEN, expected.ids.right)
    const after = await runGraph(model, pooledOutput ?? '', expected.ids.right)
    const first = [...before.data.slice(0, WIDTH)]
    expect(
      furthest(
        after.data.slice(0, WIDTH),
        first.map((value) => value / Math.hypot(...first)),
      ),
    ).toBeLessThan(1e-6)
  })
})

describe('untrusted bytes', () => {
  test.each(['dynamic-18', 'dynamic-uint8-fused', 'pool-18'])('%s, damaged, is edited or refused', (name) => {
    const random = makeRandom(11)
    const file = fixture(name)
    const outcomes = new Set<string>()
    for (let round = 0; round < 800; round++) {
      const bytes = round % 10 === 0 ? file.slice(0, random(file.length)) : file.slice()
      for (let change = 0; change <= round % 4; change++) bytes[random(bytes.length)] = random(256)
      try {
        const { model, pooledOutput } = edit(bytes, { output: HIDDEN, pooling: 'mean' })
        readGraphInterface(model)
        outcomes.add(pooledOutput === null ? 'left' : 'edited')
      } catch (error) {
        expect(error).toBeInstanceOf(EmbeddingsError)
        expect(error).toMatchObject({ code: 'bad_model_file' })
        outcomes.add('refused')
      }
    }
    expect([...outcomes].sort()).toEqual(['edited', 'left', 'refused'])
  })
})
