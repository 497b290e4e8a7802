/** Checks what another thread says of weights in shared memory, before anything is computed by it. */

import { checkWidths, LONGEST_TEXT, type PackedModel } from './encoder-plan.ts'
import type { SharedEncoder } from './encoder.ts'
import { WEIGHTS_START } from './memory-arena.ts'

/**
 * Refuses what a run must not go by.
 *
 * @param shared untrusted
 * @throws Error naming the field and its value; UnsupportedModelError for widths that the encoder does not have
 */
export function checkShared({ memory, module, model }: SharedEncoder): void {
  const buffer = memory.buffer as ArrayBufferLike
  if (!(memory instanceof WebAssembly.Memory && buffer instanceof SharedArrayBuffer))
    throw new Error('memory is not shared')
  if (!(module instanceof WebAssembly.Module)) throw new Error('module is none')
  checkWidths(model)
  const { hidden, inner, block, wordBlock, vocabulary, layerCount, longest, paddingId, pooling, end } = model
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value > 0
  const isPlace = (address: number, bytes: number): boolean =>
    address >= WEIGHTS_START && address % 4 === 0 && address + bytes <= end
  const holds: Partial<Record<keyof PackedModel, boolean>> = {
    end: end <= buffer.byteLength,
    vocabulary: isCount(vocabulary),
    layerCount: isCount(layerCount),
    longest: isCount(longest) && longest <= LONGEST_TEXT,
    paddingId: isCount(paddingId + 2),
    pooling: isCount(pooling + 1) && pooling < 3,
    block: isCount(block / 16) && inner % block === 0,
    wordBlock: isCount(wordBlock / 8) && hidden % wordBlock === 0,
    words: isPlace(model.words, vocabulary * hidden),
    wordScales: isPlace(model.wordScales, ((vocabulary * hidden) / wordBlock) * 4),
    positions: isPlace(model.positions, (longest + (paddingId < 0 ? 0 : 1)) * hidden * 4),
    table: isPlace(model.table, layerCount * 4),
    norm: isPlace(model.norm, 12),
  }
  for (const [name, right] of Object.entries(holds)) {
    if (!right) throw new Error(`${name} is ${String(model[name as keyof PackedModel])}`)
  }
}
