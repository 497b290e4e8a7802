/** Attention behind an edited quantised matrix: right, and to the last bit the same however far a text is padded. */

import { describe, expect, test } from 'vitest'
import { readGraphInterface } from '../../../../src/engine/onnx/scan-graph.ts'
import { fileBytes } from '../../simd/reference.ts'
import { edit, expected, fixture, furthest, runGraph } from './run-graph.ts'

const HIDDEN = 'last_hidden_state'
const WIDTH = 8
const { ids, hidden } = expected.attention

/** Rows of each text: in the padded batch, and alone. */
async function bothWays(graph: Uint8Array): Promise<{ together: Float32Array; alone: Float32Array }[]> {
  const batch = await runGraph(graph, HIDDEN, ids)
  return Promise.all(
    hidden.map(async ({ length }, text) => {
      const start = text * ids[0]!.length * WIDTH
      const { data } = await runGraph(graph, HIDDEN, [ids[text]!.slice(0, length)])
      return { together: batch.data.slice(start, start + length * WIDTH), alone: data }
    }),
  )
}

describe.each(['attention-last', 'attention-3'])('%s', (name) => {
  const { model, batchDependent } = edit(fixture(name), null)

  test('has no softmax of onnxruntime any more', () => {
    expect(batchDependent).toBe(false)
    expect(readGraphInterface(model).operators.has('Softmax')).toBe(false)
  })

  test('computes what numpy does, the same bits alone and in company', async () => {
    for (const [text, { together, alone }] of (await bothWays(model)).entries()) {
      expect(furthest(alone, hidden[text]!.flat())).toBeLessThan(1e-5)
      expect(together).toEqual(alone)
    }
  })
})

test('a softmax along another axis stays', () => {
  const { model } = edit(fixture('attention-2'), null)
  expect(readGraphInterface(model).operators.get('Softmax')).toBe(1)
})

test('a softmax of a graph without dynamic quantisation stays', () => {
  const file = new Uint8Array(fileBytes('test/fixtures/simd/one-layer.onnx'))
  expect(readGraphInterface(file).operators.get('Softmax')).toBe(1)
  expect(edit(file, null).model).toBe(file)
})
