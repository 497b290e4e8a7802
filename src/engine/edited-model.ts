/** A model's graph as its session runs it: pooling inside, and no text's vector depending on another text. */

import type { PaddingSide } from '../models/recipe.ts'
import type { ModelConfig } from './embedding-session.ts'
import { chooseOutput, type ChosenOutput } from './graph-outputs.ts'
import { editGraph } from './onnx/edit-graph.ts'
import { scanGraph } from './onnx/scan-graph.ts'

/** What a session is to be made of. */
export interface EditedModel {
  /** Bytes of the ONNX file. */
  model: Uint8Array
  output: ChosenOutput
  /**
   * A graph that comes with its own pooling may want a side; for any other it is the right, where a causal graph never
   * sees padding, and pooling goes by the mask.
   */
  paddingSide: PaddingSide
  /** True: texts must run one at a time. */
  batchDependent: boolean
  /** Why an edit could not be made. */
  notes: readonly string[]
}

/**
 * Chooses the output and edits the graph. Where that cannot be done, the graph stays: then rows are pooled outside,
 * or texts run alone, which gives the same vectors more slowly.
 *
 * @throws EmbeddingsError `bad_model_file`; RangeError where there is no memory for a copy of the file
 */
export function editModel(
  config: Pick<ModelConfig, 'model' | 'output' | 'pooled' | 'pooling' | 'paddingSide'>,
): EditedModel {
  const file = new Uint8Array(config.model)
  const scan = scanGraph(file)
  const outputs = scan.outputs.map(({ name, type, dims }) => ({
    name,
    type,
    shape: (dims ?? []).map((dim) => dim ?? -1),
  }))
  const output = chooseOutput(outputs, config)
  const wanted = output.pooled ? null : { output: output.name, pooling: config.pooling }
  const { model, pooledOutput, batchDependent, reasons } = editGraph(file, scan, wanted)
  return {
    model,
    output: pooledOutput === null ? output : { name: pooledOutput, pooled: true },
    paddingSide: output.pooled ? config.paddingSide : 'right',
    batchDependent,
    notes: reasons,
  }
}
