/** What the library has to know of a model: files, tokens, pooling, dimensions. Data only. */

/** How token vectors become one vector: by attention mask, so padding on either side is right. */
export type Pooling = 'mean' | 'cls' | 'last'

/** Kind of device a graph is meant for. */
export type Device = 'webgpu' | 'wasm'

/**
 * On which side a graph that pools by itself wants shorter texts filled up: one that takes the last column wants the left.
 * A graph that gives token vectors is always filled on the right. They are pooled by the texts' own lengths, and a
 * decoder's token never sees what comes after it, while attention operators that count tokens from the mask's sum
 * (`GroupQueryAttention`) would take padding on the left for text.
 */
export type PaddingSide = 'left' | 'right'

/** One graph of a model. */
export interface ModelVariant {
  device: Device
  /** Weight format, in transformers.js's names: `fp32`, `fp16`, `q8`, `q4`, … */
  dtype: string
  /** Path under the model's folder. */
  file: string
  /** Paths under the model's folder of the files that hold the graph's weights where it has them outside; usually none. */
  externalData: readonly string[]
  /** Name of the graph output to read; null: chosen from those that the graph has (`chooseOutput`). */
  output: string | null
  /** True: the output is already pooled, `[batch, width]`; false: `[batch, sequence, width]`; null: as its shape tells. */
  pooled: boolean | null
  /** onnxruntime graph optimizers that must not run on this graph. */
  disabledOptimizers: readonly string[]
}

/** A text whose vector is known from the unquantised model, for the test at load. */
export interface KnownAnswer {
  text: string
  /** Token ids, special tokens included. */
  tokens: readonly number[]
  /** L2-normalised, native width. */
  embedding: Float32Array
}

/** Size and hash of one file, checked before the file is used. */
export interface FileRecord {
  /** Path under the model's folder. */
  path: string
  bytes: number
  /** Lower-case hexadecimal SHA-256; null: only `gitSha1` is known. */
  sha256: string | null
  /** Name that git gives the file, as the hub tells of small ones: SHA-1 of `blob <bytes>\0` and the bytes. */
  gitSha1?: string
}

/** Everything needed to run one model. */
export interface ModelRecipe {
  /** Catalogue id or full hub id. */
  id: string
  /** Folder under `modelsUrl`, and repository on the hub. @default the id */
  path: string
  /** Revision of the weights; part of the vector space's name. */
  revision: string
  /** Unix time in seconds. */
  created: number
  ownedBy: string
  /** Supported output widths, the native one first. Only the native one: `dimensions` is refused. */
  dimensions: readonly number[]
  /** Limit of an input in tokens, special tokens included. */
  maxTokens: number
  pooling: Pooling
  vocabSize: number
  padTokenId: number
  /** @default `right` */
  paddingSide: PaddingSide
  /** Text put before an input, by `input_type`. */
  prompts: Readonly<Record<string, string>>
  variants: readonly ModelVariant[]
  knownAnswer: KnownAnswer | undefined
  files: readonly FileRecord[]
}

/** Width of the vectors as the model gives them. */
export function nativeWidth({ dimensions }: Pick<ModelRecipe, 'dimensions'>): number {
  // A recipe without one is refused where it is read.
  return dimensions[0] ?? 0
}
