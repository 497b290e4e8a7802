/** What the reader says of a graph, beside what the onnx package says of the same file; and files that are no graphs. */

import { describe, expect, test } from 'vitest'
import { readGraphInterface } from '../../../../src/engine/onnx/scan-graph.ts'
import { EmbeddingsError } from '../../../../src/openai/errors.ts'
import { fileBytes, hasFile } from '../../simd/reference.ts'
import { makeRandom } from './random.ts'

const bytesOf = (path: string): Uint8Array => new Uint8Array(fileBytes(path))
const expected = JSON.parse(
  new TextDecoder().decode(bytesOf('test/fixtures/onnx-edits/interfaces.json')),
) as Record<string, object>
const odd = bytesOf('test/fixtures/onnx-edits/odd.onnx')

describe('the interface of a graph', () => {
  test.each(Object.keys(expected))('%s, as the onnx package reads it', (path) => {
    const { inputs, outputs, opsets, operators } = readGraphInterface(bytesOf(`test/fixtures/${path}`))
    expect({
      inputs,
      outputs,
      opsets: Object.fromEntries(opsets),
      operators: Object.fromEntries(operators),
    }).toEqual(expected[path])
  })

  test('files beside the graph, each with the bytes that it must have', () => {
    expect(readGraphInterface(odd).externalData).toEqual([
      { path: 'odd.onnx_data', bytes: 4104 },
      { path: 'parts/odd.onnx_data_1', bytes: 0 },
    ])
  })

  test('bytes inside a larger buffer', () => {
    const larger = new Uint8Array(odd.length + 64)
    larger.set(odd, 32)
    expect(readGraphInterface(larger.subarray(32, 32 + odd.length))).toEqual(readGraphInterface(odd))
  })

  const hub = '../shared/models/Xenova/all-MiniLM-L6-v2/onnx/model_quantized.onnx'
  if (!hasFile(hub)) console.log('left out, as ../shared/models is not here: the interface of a hub file')
  test.runIf(hasFile(hub))('a hub file', () => {
    const { inputs, outputs, operators } = readGraphInterface(bytesOf(hub))
    expect(inputs.map(({ name }) => name)).toEqual(['input_ids', 'attention_mask', 'token_type_ids'])
    expect(outputs).toEqual([
      { name: 'last_hidden_state', type: 'float32', dims: ['batch_size', 'sequence_length', 384] },
    ])
    expect([operators.get('DynamicQuantizeLinear'), operators.get('MatMulInteger')]).toEqual([24, 36])
  })
})

/** True where the bytes still are a graph; false where they are refused by the contract's error. */
function isRead(bytes: Uint8Array): boolean {
  try {
    readGraphInterface(bytes)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(EmbeddingsError)
    expect(error).toMatchObject({ code: 'bad_model_file', status: 502 })
    return false
  }
}

describe('untrusted bytes', () => {
  test('every cut is refused or is a shorter graph', () => {
    let refused = 0
    for (let length = 0; length < odd.length; length++) if (!isRead(odd.subarray(0, length))) refused++
    expect(refused).toBeGreaterThan(odd.length * 0.9)
  })

  test.each([1, 2, 3])('bytes changed, run %d', (seed) => {
    const random = makeRandom(seed)
    let refused = 0
    for (let round = 0; round < 3000; round++) {
      const bytes = odd.slice()
      for (let change = 0; change <= round % 4; change++) bytes[random(bytes.length)] = random(256)
      if (!isRead(bytes)) refused++
    }
    expect(refused).toBeGreaterThan(500)
  })

  /** The file with a text replaced by another of the same length, so that every length in it stays right. */
  const renamed = (from: string, to: string): Uint8Array =>
    Uint8Array.from(Buffer.from(Buffer.from(odd).toString('latin1').replaceAll(from, to), 'latin1'))

  test.each([
    ['out of the folder', 'odd.onnx_data', '../nnx_data__'],
    ['an absolute path', 'odd.onnx_data', '/dd.onnx_data'],
    ['an address', 'odd.onnx_data', 'h://onnx_data'],
    ['a backslash', 'odd.onnx_data', 'odd\\onnx_data'],
    ["onnxruntime's mark for memory", 'odd.onnx_data', '*/_ORT_MEM_/*'],
  ])('weights in a file that is %s', (_, from, to) => {
    expect(() => readGraphInterface(renamed(from, to))).toThrow(/no safe path/)
  })

  test('an offset that is no number', () => {
    expect(() => readGraphInterface(renamed('4096', '-409'))).toThrow(/has the offset "-409"/)
  })

  test('graphs in graphs without end', () => {
    const field = (tag: number[], bytes: number[]): number[] => {
      const length = bytes.length
      return [...tag, (length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14, ...bytes]
    }
    let graph: number[] = []
    for (let depth = 0; depth < 500; depth++) graph = field([0x0a], field([0x2a], field([0x32], graph)))
    expect(() => readGraphInterface(Uint8Array.from(field([0x3a], graph)))).toThrow(/more than 8 deep/)
  })
})
