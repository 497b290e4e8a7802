/** Edits of an ONNX file, byte for byte: the nodes that go are marked, the new ones are appended; nothing is serialized anew. */

import type { Pooling } from '../../models/recipe.ts'
import { GraphFragment } from './graph-fragment.ts'
import { addPerTokenScales, countBatchScaled, planPerTokenScales } from './per-token-scales.ts'
import { addPooledOutput, whyNotPooled } from './pooled-output.ts'
import type { GraphScan } from './scan-graph.ts'
import { addSteadySoftmax } from './steady-softmax.ts'

/** A vector a token that the graph is to pool. */
export interface WantedPooling {
  /** Name of the output `[batch, sequence, width]`. */
  output: string
  pooling: Pooling
}

/** A graph after its edits. */
export interface EditedGraph {
  /** The file itself where nothing was edited, or else a copy. */
  model: Uint8Array
  /** The output `[batch, width]`, pooled and L2-normalised; null where the graph was not made to pool. */
  pooledOutput: string | null
  /** True: a text's vector still depends on what else is in its batch, so it must run alone. */
  batchDependent: boolean
  /** Why an edit that was wanted could not be made; empty as a rule. */
  reasons: readonly string[]
}

/**
 * The tag of a field that `GraphProto` does not have, of the same wire type as its nodes and outputs: onnxruntime passes
 * over it. Fields 3, 4 and 6 to 9 are reserved in onnx.proto3.
 */
const UNKNOWN_FIELD = 9 * 8 + 2

/**
 * Makes dynamic quantisation independent of the batch, and, where wanted, pooling a part of the graph, whose only
 * output is then the pooled one.
 *
 * @param file bytes of the ONNX file; not changed
 * @param scan what `scanGraph` read in it
 * @throws RangeError where there is no memory for the copy
 */
export function editGraph(file: Uint8Array, scan: GraphScan, wanted: WantedPooling | null): EditedGraph {
  const fragment = new GraphFragment(scan)
  const removed: number[] = []
  const reasons: string[] = []

  const plan = countBatchScaled(scan) === 0 ? null : planPerTokenScales(scan)
  if (typeof plan === 'string') reasons.push(`scales by token are not possible (${plan})`)
  else if (plan !== null) {
    addPerTokenScales(fragment, plan)
    for (const { start } of [...plan.replaced, ...addSteadySoftmax(scan, fragment)]) removed.push(start)
  }

  let pooledOutput: string | null = null
  const obstacle = wanted === null ? null : whyNotPooled(scan, wanted.output)
  if (obstacle !== null) reasons.push(`pooling inside the graph is not possible (${obstacle})`)
  else if (wanted !== null) {
    pooledOutput = addPooledOutput(scan, fragment, wanted.output, wanted.pooling)
    removed.push(...scan.outputStarts)
  }
  const model = fragment.isEmpty ? file : applyEdits(file, removed, fragment.toBytes())
  return { model, pooledOutput, batchDependent: typeof plan === 'string', reasons }
}

function applyEdits(file: Uint8Array, removed: readonly number[], added: Uint8Array): Uint8Array {
  const edited = new Uint8Array(file.length + added.length)
  edited.set(file)
  edited.set(added, file.length)
  for (const start of removed) {
    // The lowest seven bits are the whole tag, even where a file writes it in more bytes than it needs.
    edited[start] = ((edited[start] ?? 0) & 128) | UNKNOWN_FIELD
  }
  return edited
}
