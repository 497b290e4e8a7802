/** Checks what another thread says of weights in shared memory, before anything is computed by it. */

import { EmbeddingsError } from '../openai/errors.ts'
import { checkWidths, LONGEST_TEXT, type PackedModel } from './encoder-plan.ts'
import type { SharedEncoder } from './encoder.ts'
import { WEIGHTS_START } from './memory-arena.ts'

/** Bytes of what lies at each address of a model. */
function extents(model: PackedModel): Partial<Record<keyof PackedModel, number>> {
  const { hidden, layerCount, longest, paddingId, vocabulary, wordBlock } = model
  return {
    words: vocabulary * hidden,
    wordScales: ((vocabulary * hidden) / wordBlock) * 4,
    positions: (longest + (paddingId < 0 ? 0 : 1)) * hidden * 4,
    table: layerCount * 4,
    norm: 12,
  }
}

const FIELDS: readonly (keyof PackedModel)[] = [
  ...(['hidden', 'inner', 'heads', 'layerCount', 'vocabulary', 'longest', 'paddingId', 'pooling'] as const),
  ...(['words', 'wordScales', 'wordBlock', 'positions', 'norm', 'table', 'block', 'end'] as const),
]

/** Names the first field that is wrong, with its value; null: none. */
function faultOf({ memory, module, model }: SharedEncoder): string | null {
  if (!(module instanceof WebAssembly.Module)) return 'module is none'
  if (!(memory instanceof WebAssembly.Memory)) return 'memory is none'
  const buffer = memory.buffer as ArrayBufferLike
  if (!(buffer instanceof SharedArrayBuffer)) return 'memory is not shared'
  const least = (name: keyof PackedModel): number => (name === 'paddingId' ? -1 : name === 'pooling' ? 0 : 1)
  let wrong = FIELDS.find((name) => !Number.isSafeInteger(model[name]) || model[name] < least(name))
  if (wrong === undefined) {
    checkWidths(model)
    const { hidden, inner, block, wordBlock, longest, pooling, end } = model
    const size = extents(model)
    const checks: Partial<Record<keyof PackedModel, boolean>> = {
      longest: longest <= LONGEST_TEXT,
      block: block % 16 === 0 && inner % block === 0,
      wordBlock: wordBlock % 8 === 0 && hidden % wordBlock === 0,
      pooling: pooling <= 2,
      end: end <= buffer.byteLength,
    }
    wrong = FIELDS.find((name) => {
      const bytes = size[name]
      if (bytes === undefined) return checks[name] === false
      return model[name] < WEIGHTS_START || model[name] % 4 !== 0 || model[name] + bytes > end
    })
  }
  return wrong === undefined ? null : `${wrong} is ${String(model[wrong])}`
}

/**
 * Refuses what a run must not go by.
 *
 * @param shared untrusted
 * @throws EmbeddingsError `inference_failed`, naming the field and its value
 */
export function checkShared(shared: SharedEncoder): void {
  let fault: string | null
  try {
    fault = faultOf(shared)
  } catch (error) {
    fault = error instanceof Error ? error.message : String(error)
  }
  if (fault !== null)
    throw new EmbeddingsError('inference_failed', `Weights of another worker were refused: ${fault}.`)
}
