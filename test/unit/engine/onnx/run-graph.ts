/** Runs small graphs on onnxruntime-web's WebAssembly build in Node, and what they must compute (`make.py`). */

import * as onnxruntime from 'onnxruntime-web/wasm'
import { editGraph, type EditedGraph, type WantedPooling } from '../../../../src/engine/onnx/edit-graph.ts'
import { scanGraph } from '../../../../src/engine/onnx/scan-graph.ts'
import { fileBytes } from '../../simd/reference.ts'

export type Side = 'left' | 'right'

interface Expected {
  ids: Record<Side, number[][]>
  lengths: number[]
  vectors: Record<'mean' | 'cls' | 'last', number[][]>
  halfVectors: Record<'mean' | 'cls' | 'last', number[][]>
  /** By graph, text and token. */
  hidden: Record<string, number[][][]>
  attention: { ids: number[][]; hidden: number[][][] }
}

onnxruntime.env.wasm.numThreads = 1
onnxruntime.env.logLevel = 'error'

export const expected = JSON.parse(
  new TextDecoder().decode(fileBytes('test/fixtures/onnx-edits/expected.json')),
) as Expected

/** A graph of `test/fixtures/onnx-edits/`. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(fileBytes(`test/fixtures/onnx-edits/${name}.onnx`))
}

/** Reads a file and edits it. */
export const edit = (file: Uint8Array, wanted: WantedPooling | null): EditedGraph =>
  editGraph(file, scanGraph(file), wanted)

export interface RunResult {
  /** Names of all outputs that the graph has. */
  names: readonly string[]
  type: string
  dims: readonly number[]
  data: Float32Array
}

/** Runs rows of token ids, among which 0 is padding, and reads one output. */
export async function runGraph(
  graph: Uint8Array,
  output: string,
  ids: readonly number[][],
): Promise<RunResult> {
  const session = await onnxruntime.InferenceSession.create(graph, { logSeverityLevel: 3 })
  try {
    const dims = [ids.length, ids[0]!.length]
    const feeds: Record<string, onnxruntime.Tensor> = {}
    for (const input of session.inputMetadata) {
      const values = ids.flat().map((id) => (input.name === 'input_ids' ? id : Number(id !== 0)))
      feeds[input.name] =
        input.isTensor && input.type === 'int32'
          ? new onnxruntime.Tensor('int32', Int32Array.from(values), dims)
          : new onnxruntime.Tensor('int64', BigInt64Array.from(values, BigInt), dims)
    }
    const result = (await session.run(feeds, [output]))[output]!
    const data = Float32Array.from(result.data as Float32Array)
    return { names: session.outputNames, type: result.type, dims: result.dims, data }
  } finally {
    await session.release()
  }
}

/** The largest difference of two lists of numbers of the same length; not a number if any of them is not one. */
export function furthest(actual: ArrayLike<number>, wanted: readonly number[]): number {
  if (actual.length !== wanted.length) return NaN
  return wanted.reduce((most, value, index) => {
    const difference = Math.abs(actual[index]! - value)
    return difference > most || Number.isNaN(difference) ? difference : most
  }, 0)
}
