/** Where a worker's own memory lies. The structures are those of `assembly/layout.ts`, field by field. */

import type { PackedModel } from './encoder-plan.ts'
import { LEAST_BLOCK, MemoryArena } from './memory-arena.ts'
import { TEAM_BYTES } from './team-words.ts'

/** Rows of the feed-forward layer that are computed together; the same number is in `assembly/layout.ts`. */
const INNER_ROWS = 64

/** Of a block of activations; the same number is in `assembly/tile.ts`. */
const SCALE_BYTES = 16

/** Room for the `Step` structure. */
const STEP_BYTES = 64

/** Memory of one worker: what it computes in, and where a run's texts and vectors lie. */
export interface RunPlan {
  /** Where it begins, with the team's words: what the worker is called by others of its memory. */
  place: number
  /** Address of the `Encoder` structure. */
  address: number
  /** Address of the `Scratch` structure. */
  scratch: number
  ids: number
  /** Address of the rows of the position table that the tokens get. */
  places: number
  lengths: number
  vectors: number
  /** Address of the field that chooses how dot products are computed. */
  fused: number
  /** First address behind it. */
  end: number
  /** Writes the structures. */
  arena: MemoryArena
}

/** Lays out a worker's own memory, from an address on that is a multiple of 64. */
export function planRun(model: PackedModel, start: number): RunPlan {
  const { hidden, inner, heads, longest } = model
  const arena = new MemoryArena(start)
  // First, so that its place is the worker's. It is written once: packing has used this memory before.
  const team = arena.structure(new Array<number>(TEAM_BYTES / 4 - 1).fill(0))
  // Attention reads up to three rows beyond a text.
  const capacity = longest + 4
  const padded = Math.ceil((longest + 1) / 16) * 16
  const headSize = hidden / heads
  const ids = arena.floats(2 * capacity)
  const lengths = arena.floats(capacity)
  const vectors = arena.floats(capacity * hidden)
  const fields = [
    hidden,
    inner,
    heads,
    model.layerCount,
    model.table,
    model.words,
    model.wordScales,
    model.wordBlock,
    model.positions,
    model.norm,
    model.pooling,
    ids,
    lengths,
    vectors,
    capacity,
    arena.floats(capacity * hidden),
    arena.floats(3 * capacity * hidden),
    arena.floats(capacity * hidden),
    arena.allocate(capacity * hidden),
    arena.allocate((capacity * hidden * SCALE_BYTES) / LEAST_BLOCK),
    arena.allocate(INNER_ROWS * inner),
    arena.allocate((INNER_ROWS * inner * SCALE_BYTES) / LEAST_BLOCK),
    arena.allocate(STEP_BYTES),
    team,
    1,
  ]
  const address = arena.structure(fields)
  const wideSums = arena.floats(32)
  const scratch = arena.structure([
    arena.structure([wideSums, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    arena.floats(INNER_ROWS * model.block),
    arena.floats(16 * Math.max(capacity, INNER_ROWS)),
    arena.allocate(padded * headSize),
    arena.allocate(padded * headSize),
    arena.floats(padded),
    arena.allocate(2 * padded * headSize),
    arena.floats(headSize),
    arena.floats(headSize),
    arena.floats(2 * padded),
    arena.allocate(4 * padded),
    padded,
  ])
  return {
    place: start,
    address,
    scratch,
    ids,
    places: ids + capacity * 4,
    lengths,
    vectors,
    fused: address + (fields.length - 1) * 4,
    end: arena.next,
    arena,
  }
}
