/** What the compiler must know about the request and response types. Compiled by `tsc`, never run. */

import { createEmbeddingResponse } from '../../src/openai/response.ts'
import type { Base64Vectors, EmbeddingsOutcome, FloatVectors } from '../../src/openai/response.ts'
import type {
  CreateEmbeddingResponse,
  Embedding,
  EmbeddingCreateParams,
  EmbeddingInput,
  EncodingFormat,
  InputType,
  RequestOptions,
} from '../../src/openai/types.ts'
import type { EmbeddingsError, EmbeddingsErrorCode, ErrorBody } from '../../src/openai/errors.ts'
import type { EmbeddingRequest, validateEmbeddingRequest } from '../../src/openai/validate.ts'
import type { decodeBase64Embedding, encodeBase64Embedding } from '../../src/openai/encode.ts'
import type { EmbeddingsResult } from '../../src/rpc/protocol.ts'
import type { Assignable, Equal, Expect, Refuse } from './type-assertions.ts'

type Body = EmbeddingCreateParams

/** All that OpenAI's own SDK takes compiles here too. */
export type RequestAccepts = [
  Expect<Assignable<{ model: string; input: string }, Body>>,
  Expect<Assignable<{ model: string; input: string[] }, Body>>,
  Expect<Assignable<{ model: string; input: number[] }, Body>>,
  Expect<Assignable<{ model: string; input: number[][] }, Body>>,
  Expect<Assignable<{ model: string; input: readonly string[] }, Body>>,
  Expect<Assignable<{ model: string; input: readonly (readonly number[])[] }, Body>>,
  Expect<Assignable<{ model: string; input: string; dimensions: number | undefined }, Body>>,
  Expect<Assignable<{ model: string; input: string; user: string | null }, Body>>,
  Expect<Assignable<{ model: string; input: string; encoding_format: 'base64' }, Body>>,
  Expect<Assignable<{ model: string; input: string; metadata: { team: string } }, Body>>,
]

export type RequestRefuses = [
  Refuse<Assignable<{ model: string }, Body>>,
  Refuse<Assignable<{ input: string }, Body>>,
  Refuse<Assignable<{ model: string | undefined; input: string }, Body>>,
  Refuse<Assignable<{ model: string; input: (string | number)[] }, Body>>,
  Refuse<Assignable<{ model: string; input: Int32Array }, Body>>,
  Refuse<Assignable<{ model: string; input: string; dimensions: string }, Body>>,
  Refuse<Assignable<{ model: string; input: string; encoding_format: 'int8' }, Body>>,
  Refuse<Assignable<{ model: string; input: string; encoding_format: string }, Body>>,
  Refuse<Assignable<{ model: string; input: string; input_type: 'passage' }, Body>>,
  Refuse<Assignable<{ model: string; input: string; metadata: { retries: number } }, Body>>,
]

export type RequestFields = [
  Expect<Equal<EncodingFormat, 'float' | 'base64'>>,
  Expect<Equal<InputType, 'query' | 'document' | 'similarity' | 'classification' | 'clustering'>>,
  Expect<Equal<EmbeddingInput, Body['input']>>,
  Expect<Equal<Extract<undefined, Body['model']>, never>>,
  Expect<Equal<keyof RequestOptions, 'signal' | 'timeout' | 'priority'>>,
]

export type NormalizedRequest = [
  Expect<Equal<Parameters<typeof validateEmbeddingRequest>, [body: unknown]>>,
  Expect<Equal<ReturnType<typeof validateEmbeddingRequest>, EmbeddingRequest>>,
  Expect<Equal<Extract<EmbeddingRequest['input'], { kind: 'text' }>['items'], string[]>>,
  Expect<Equal<Extract<EmbeddingRequest['input'], { kind: 'tokens' }>['items'], number[][]>>,
  Expect<Equal<EmbeddingRequest['input']['kind'], 'text' | 'tokens'>>,
  Expect<Equal<EmbeddingRequest['dimensions'], number | undefined>>,
  Expect<Equal<EmbeddingRequest['encodingFormat'], EncodingFormat>>,
]

export type Response = [
  Expect<Equal<CreateEmbeddingResponse, CreateEmbeddingResponse<number[]>>>,
  Expect<Equal<CreateEmbeddingResponse['data'], Embedding[]>>,
  Expect<Equal<CreateEmbeddingResponse['data'][number]['embedding'], number[]>>,
  Expect<Equal<CreateEmbeddingResponse<string>['data'][number]['embedding'], string>>,
  Expect<Equal<CreateEmbeddingResponse['object'], 'list'>>,
  Expect<Equal<keyof CreateEmbeddingResponse['usage'], 'prompt_tokens' | 'total_tokens'>>,
  Refuse<Assignable<CreateEmbeddingResponse<string>, CreateEmbeddingResponse>>,
]

declare const float: EmbeddingsOutcome<FloatVectors>
declare const base64: EmbeddingsOutcome<Base64Vectors>
declare const either: EmbeddingsResult
const floatResponse = createEmbeddingResponse(float)
const base64Response = createEmbeddingResponse(base64)
const eitherResponse = createEmbeddingResponse(either)

/** The format of the vectors decides the type of the response; the worker's result fits unchanged. */
export type ResponseByFormat = [
  Expect<Equal<typeof floatResponse, CreateEmbeddingResponse>>,
  Expect<Equal<typeof base64Response, CreateEmbeddingResponse<string>>>,
  Expect<Equal<typeof eitherResponse, CreateEmbeddingResponse | CreateEmbeddingResponse<string>>>,
  Expect<Assignable<EmbeddingsResult, EmbeddingsOutcome>>,
  Expect<Assignable<EmbeddingsOutcome, EmbeddingsResult>>,
]

export type Encoding = [
  Expect<Equal<Parameters<typeof encodeBase64Embedding>, [vector: Float32Array]>>,
  Expect<Equal<ReturnType<typeof encodeBase64Embedding>, string>>,
  Expect<Equal<Parameters<typeof decodeBase64Embedding>, [base64: string]>>,
  Expect<Equal<ReturnType<typeof decodeBase64Embedding>, Float32Array<ArrayBuffer>>>,
]

export type Errors = [
  Expect<Assignable<EmbeddingsError, Error>>,
  Expect<Equal<EmbeddingsError['code'], EmbeddingsErrorCode>>,
  Expect<Equal<EmbeddingsError['name'], 'EmbeddingsError'>>,
  Expect<Equal<EmbeddingsError['param'], string | null>>,
  Expect<Equal<ReturnType<EmbeddingsError['toJSON']>, ErrorBody>>,
  Expect<
    Equal<
      EmbeddingsError['type'],
      'invalid_request_error' | 'rate_limit_error' | 'internal_server_error' | 'upstream_error'
    >
  >,
]
