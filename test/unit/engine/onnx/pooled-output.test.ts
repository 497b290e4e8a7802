/** Graphs that were made to pool run on onnxruntime and give what numpy gives. */

import { describe, expect, test } from 'vitest'
import { readGraphInterface } from '../../../../src/engine/onnx/scan-graph.ts'
import { edit, expected, fixture, furthest, runGraph, type Side } from './run-graph.ts'

const POOLINGS = ['mean', 'cls', 'last'] as const
const SIDES: Side[] = ['left', 'right']
const HIDDEN = 'last_hidden_state'

const cases = (graphs: string[]): [string, (typeof POOLINGS)[number], Side][] =>
  graphs.flatMap((graph) =>
    POOLINGS.flatMap((pooling) =>
      SIDES.map((side): [string, (typeof POOLINGS)[number], Side] => [graph, pooling, side]),
    ),
  )

describe('a pooled and normalised output', () => {
  test.each(cases(['pool-11', 'pool-13', 'pool-18', 'pool-int32-mask']))(
    '%s, %s, padding on the %s, which holds infinities and no numbers',
    async (graph, pooling, side) => {
      const edited = edit(fixture(graph), { output: HIDDEN, pooling })
      expect(edited).toMatchObject({ pooledOutput: 'sentence_embedding', batchDependent: false, reasons: [] })
      const { type, dims, data, names } = await runGraph(edited.model, 'sentence_embedding', expected.ids[side])
      expect([type, dims, names]).toEqual(['float32', [3, 8], ['sentence_embedding']])
      expect(furthest(data, expected.vectors[pooling].flat())).toBeLessThan(1e-6)
    },
  )

  test.each(cases(['pool-half']))(
    '%s, %s, padding on the %s: float32 from half precision',
    async (graph, pooling, side) => {
      const { model } = edit(fixture(graph), { output: HIDDEN, pooling })
      const { type, data } = await runGraph(model, 'sentence_embedding', expected.ids[side])
      expect(type).toBe('float32')
      expect(furthest(data, expected.halfVectors[pooling].flat())).toBeLessThan(1e-6)
    },
  )

  test('takes other names where the graph has taken these', async () => {
    const { model, pooledOutput } = edit(fixture('pool-names'), { output: HIDDEN, pooling: 'mean' })
    expect(pooledOutput).not.toBe('sentence_embedding')
    const { data, names } = await runGraph(model, pooledOutput!, expected.ids.right)
    expect(names).toEqual([pooledOutput])
    expect(furthest(data, expected.vectors.mean.flat())).toBeLessThan(1e-6)
  })

  test('a text of zeros has the vector zero, not one that is no number', async () => {
    const { model } = edit(fixture('dynamic-18'), { output: HIDDEN, pooling: 'mean' })
    const { data } = await runGraph(model, 'sentence_embedding', [[0, 0]])
    expect([...data]).toEqual(new Array<number>(8).fill(0))
  })
})

describe('the file', () => {
  const file = fixture('pool-names')
  const { model, pooledOutput } = edit(file, { output: HIDDEN, pooling: 'mean' })

  test('stays as it was; the copy differs in one byte an output, and goes on behind', () => {
    expect(file).toEqual(fixture('pool-names'))
    const changed = file.reduce((count, byte, index) => count + Number(model[index] !== byte), 0)
    expect(changed).toBe(2)
    expect(model.length).toBeGreaterThan(file.length)
  })

  test('is read again as a graph with that output alone', () => {
    expect(readGraphInterface(model).outputs).toEqual([{ name: pooledOutput, type: 'float32', dims: null }])
    expect(readGraphInterface(model).inputs).toEqual(readGraphInterface(file).inputs)
  })

  test('is edited where it lies inside a larger buffer', () => {
    const larger = new Uint8Array(file.length + 64).fill(7)
    larger.set(file, 32)
    expect(edit(larger.subarray(32, 32 + file.length), { output: HIDDEN, pooling: 'mean' }).model).toEqual(
      model,
    )
  })
})

describe('a graph that cannot be made to pool stays as it is, with the reason', () => {
  test.each([
    ['pool-no-mask', HIDDEN, /no input attention_mask/],
    ['pool-10', HIDDEN, /operator set 10/],
    ['pool-18', 'logits', /no output logits/],
    ['odd', 'list', /not of float32 or float16/],
  ])('%s, %s', (graph, output, reason) => {
    const file = fixture(graph)
    const { model, pooledOutput, reasons } = edit(file, { output, pooling: 'mean' })
    expect(pooledOutput).toBeNull()
    expect(model).toBe(file)
    expect(reasons.some((each) => reason.test(each))).toBe(true)
  })

  test('nothing is wanted', () => {
    const file = fixture('pool-18')
    expect(edit(file, null)).toEqual({
      model: file,
      pooledOutput: null,
      batchDependent: false,
      reasons: [],
    })
  })
})
