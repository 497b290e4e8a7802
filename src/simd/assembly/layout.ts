/**
 * The encoder's plan, as it lies in memory: written by `../encoder-plan.ts` and `../run-plan.ts`, read here. Every field
 * takes 4 bytes, every address is one in the module's memory, 64-byte aligned.
 */

import { Tile } from './tile'

/** A linear layer with int8 weights. */
@unmanaged
export class Linear {
  /** int8 [outputs / 16][inputs / 4][16][4]: what one vector load of the product needs lies together. */
  weights: usize
  /** float32 [outputs]: what one step of a weight is worth. */
  scales: usize
  /** float32 [outputs]. */
  bias: usize
  /** int32 [outputs / 16][inputs / block][16]: sums of the int8 weights over each block of inputs. */
  sums: usize
  /** float32 [inputs]: factors for the input channels (Xiao et al., "SmoothQuant", arXiv 2211.10438). */
  smoothing: usize
  inputs: u32
  outputs: u32
  /** Inputs that share one scale of the activations. */
  block: u32
  /** int16 [outputs / 16][inputs / block][2][4]: up to which activations products may be added in int16; see `limits.ts`. */
  limits: usize
  /** int16 [outputs / 16][inputs / block][…][16][2]: sums of weights; see `limits.ts`. */
  laneSums: usize
}

/** Scale and shift of a layer normalisation, float32 [hidden] each. */
@unmanaged
export class Norm {
  gamma: usize
  beta: usize
  epsilon: f32
}

/** One transformer layer. */
@unmanaged
export class Layer {
  /** Query, key and value in one: outputs 3 × hidden. */
  qkv: Linear
  output: Linear
  outputNorm: Norm
  up: Linear
  down: Linear
  downNorm: Norm
}

/** The model, and the memory of a run that every worker of its team reads and writes. */
@unmanaged
export class Encoder {
  hidden: u32
  /** Width of the feed-forward layer. */
  inner: u32
  heads: u32
  /** Layers that follow each other as addresses at `layers`. */
  layerCount: u32
  layers: usize
  /** int8 [vocabulary][hidden]. */
  words: usize
  /** float32 [vocabulary][hidden / wordBlock]. */
  wordScales: usize
  wordBlock: u32
  /** float32 [positions][hidden]; the row of token type 0 is added already. */
  positions: usize
  embeddingNorm: Norm
  /** 0: mean of the tokens; 1: the first; 2: the last. */
  pooling: u32

  /**
   * int32 [2][capacity]: token ids of the texts of a run, one text after the other, and the row of `positions` that each
   * token gets.
   */
  ids: usize
  /** int32: tokens of each text. */
  lengths: usize
  /** float32 [texts][hidden]. */
  vectors: usize
  /** Rows that fit into the buffers below. */
  capacity: u32
  /** float32 [capacity][hidden]: the residual stream. */
  hiddenStates: usize
  /** float32 [3 × heads][capacity][head size]. */
  qkv: usize
  /** float32 [capacity][hidden]: what attention gives. */
  context: usize
  /** Unsigned 7-bit activations of all rows, block by block: [hidden / block][rows][block]. */
  activations: usize
  /** What there is to know of each block of a row, [hidden / block][rows]: see `SCALE_BYTES` in `tile.ts`. */
  activationScales: usize
  /** The same of the feed-forward layer: [inner / block][INNER_ROWS][block]. */
  innerActivations: usize
  innerScales: usize
  step: Step
  /** Where others find the tasks of a step; see `team.ts`. */
  team: usize
  /** How dot products are computed: 1: in one instruction; 0: in two. See `dot.ts`. The result is the same. */
  fused: u32
}

/** What a run is at: written by who leads it, read by all who work at it. */
@unmanaged
export class Step {
  /** One of those in `steps.ts`. */
  kind: u32
  layer: Layer
  norm: Norm
  /** What the rows are quantised for; 0: nothing. */
  linear: Linear
  /** Of the run. */
  texts: u32
  rows: u32
  /** Rows of the feed-forward layer that are computed together: from `first` on, `count`. */
  first: u32
  count: u32
}

/** Memory that is one worker's own, whatever run it works at. */
@unmanaged
export class Scratch {
  tile: Tile
  /** float32 [INNER_ROWS][block]: a part of the feed-forward layer. */
  innerStates: usize
  /** float32 [capacity][16]: sums of products of 16 columns. */
  totals: usize
  /** Keys of one head, unsigned 7-bit, [longest / 16][head size / 4][16][4]. */
  keys: usize
  /** Queries of one head, int8 [longest][head size]. */
  queries: usize
  /** float32 [longest]: what one step of a query is worth. */
  queryScales: usize
  /** Values of one head, int8 [longest / 4][head size][4] or int16 [longest / 2][head size][2]. */
  values: usize
  /** float32 [head size]. */
  keyScales: usize
  /** float32 [head size]. */
  valueScales: usize
  /** float32 [2][longest]: scores of two queries. */
  scores: usize
  /** Probabilities of two queries: 7-bit halves, unsigned [2][2][longest], or int16 [2][longest]. */
  probabilities: usize
  /** Tokens of the longest text, rounded up to 16: the stride of `scores` and `probabilities`. */
  longest: u32
}

/** Rows of the feed-forward layer that are computed together, so that their wide states stay in the cache. */
export const INNER_ROWS: u32 = 64
