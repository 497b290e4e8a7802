/** The public names of `browser-embeddings`, and nothing else. */

export { EmbeddingsClient } from './client/client.ts'
export type { CacheOptions, EmbeddingsClientOptions } from './client/options.ts'
export type { EmbeddingsRequestOptions } from './client/embeddings.ts'
export type { ModelLoadOptions } from './client/models.ts'
export type { ModelStore, StoredEntry, StoredFile, StoredRecord } from './models/store.ts'
export { EmbeddingsError } from './openai/errors.ts'
export type { EmbeddingsErrorCode, EmbeddingsErrorType, ErrorBody } from './openai/errors.ts'
export { decodeBase64Embedding } from './openai/encode.ts'
export type { EmbeddingMatrix } from './openai/response.ts'
export type {
  CreateEmbeddingResponse,
  Embedding,
  EmbeddingCreateParams,
  EmbeddingInput,
  EmbeddingUsage,
  EncodingFormat,
  InputType,
  Model,
  ModelList,
  Priority,
  RequestOptions,
  StoredModel,
} from './openai/types.ts'
export type {
  BackendAttempt,
  BackendComparison,
  BackendStatus,
  BackendTimes,
  CacheStatus,
  CpuRuntime,
  DeviceOption,
  GpuVerdict,
  ModelStatus,
  ProgressEvent,
} from './rpc/protocol.ts'
