/**
 * The wire contract: what goes in and out of `embeddings.create`, in OpenAI's own (snake_case) names.
 * Source of the field rules: OpenAI's `POST /v1/embeddings`, plus `truncate` and `input_type`, which are ours.
 */

/** `float` gives each vector as `number[]`; `base64` as little-endian float32 bytes in base64. */
export type EncodingFormat = 'float' | 'base64'

/** What a text is for; picks the prompt that the model's recipe has for it. */
export type InputType = 'query' | 'document' | 'similarity' | 'classification' | 'clustering'

/** One text, several texts, the token ids of one text, or those of several. 1 to 2,048 items, none empty. */
export type EmbeddingInput = string | readonly string[] | readonly number[] | readonly (readonly number[])[]

/** The body of `embeddings.create`. An optional field that is `undefined` or `null` counts as absent. */
export interface EmbeddingCreateParams {
  /** Catalogue id, full hub id, registered recipe or alias. */
  model: string
  input: EmbeddingInput
  /** @default 'float' */
  encoding_format?: EncodingFormat | null | undefined
  /** Cut to this many dimensions (one of the recipe's set) and L2-normalise again. @default the model's width */
  dimensions?: number | null | undefined
  /** Accepted for compatibility; checked for type, never sent, stored or logged. */
  user?: string | null | undefined
  /** Accepted for compatibility; checked for type, never sent, stored or logged. */
  safety_identifier?: string | null | undefined
  /** Accepted for compatibility; checked for type, never sent, stored or logged. */
  metadata?: Readonly<Record<string, string>> | null | undefined
  /** Merged into the body before it is checked; the body's own fields win. */
  extra_body?: Readonly<Record<string, unknown>> | null | undefined
  /** Cut a longer input at the model's limit instead of refusing it. @default false */
  truncate?: boolean | null | undefined
  /** Picks the recipe's prompt; absent, the text is embedded as it is. */
  input_type?: InputType | null | undefined
}

export interface Embedding<Vector = number[]> {
  object: 'embedding'
  /** Position of the input in the request. */
  index: number
  embedding: Vector
}

export interface EmbeddingUsage {
  /** Tokens that the model saw, special tokens included. */
  prompt_tokens: number
  total_tokens: number
}

export interface CreateEmbeddingResponse<Vector = number[]> {
  object: 'list'
  data: Embedding<Vector>[]
  /** The id of the model that really ran. */
  model: string
  usage: EmbeddingUsage
  /** Names the vector space: two vectors may be compared when theirs are equal. */
  system_fingerprint: string
}

/** One entry of `models.list()`, as in OpenAI's `GET /v1/models`. */
export interface Model {
  id: string
  object: 'model'
  /** Unix time in seconds at which the recipe was published. */
  created: number
  owned_by: string
  /** An extension: what of the model lies in this device's store; null: nothing. Other servers leave it out. */
  stored?: StoredModel | null
}

/** A model's files on this device. */
export interface StoredModel {
  bytes: number
  files: number
}

export interface ModelList {
  object: 'list'
  data: Model[]
}

export type Priority = 'interactive' | 'background'

/** Second argument of `embeddings.create`. */
export interface RequestOptions {
  /** Aborting rejects with the signal's own reason and frees the queue within one batch. */
  signal?: AbortSignal | undefined
  /** Milliseconds until the call fails with 503 `timeout`. @default the client's `timeout` */
  timeout?: number | undefined
  /** `interactive` batches run before `background` ones. @default 'interactive' */
  priority?: Priority | undefined
}
