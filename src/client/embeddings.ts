import { EmbeddingsError } from '../openai/errors.ts'
import { createEmbeddingMatrix, createEmbeddingResponse, type EmbeddingMatrix } from '../openai/response.ts'
import type { CreateEmbeddingResponse, EmbeddingCreateParams, RequestOptions } from '../openai/types.ts'
import { validateEmbeddingRequest, type EmbeddingRequest } from '../openai/validate.ts'
import type { EmbeddingsResult, ProgressEvent } from '../rpc/protocol.ts'
import type { Transport } from './transport.ts'

/** Second argument of `embeddings.create`: OpenAI's request options, and progress. */
export interface EmbeddingsRequestOptions extends RequestOptions {
  /** Progress of this request: the model's load where it is needed, then `embedded` after each batch. */
  onProgress?: ((progress: ProgressEvent) => void) | undefined
}

/** `client.embeddings`, as in OpenAI's SDK. */
export class Embeddings {
  readonly #transport: Transport

  /** @param transport the client's way to its service */
  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Embeds 1 to 2,048 inputs; loads the model on first use.
   *
   * @param body as for OpenAI's `POST /v1/embeddings`; see {@link EmbeddingCreateParams}
   * @returns one entry an input, in order: `number[]`, or base64 of little-endian float32 with
   *   `encoding_format: 'base64'`
   * @throws {EmbeddingsError} every failure; the signal's own reason when aborted
   */
  create(
    body: EmbeddingCreateParams & { encoding_format: 'base64' },
    options?: EmbeddingsRequestOptions,
  ): Promise<CreateEmbeddingResponse<string>>
  /** The vectors as `number[]`. @throws {EmbeddingsError} every failure */
  create(
    body: EmbeddingCreateParams & { encoding_format?: 'float' | null | undefined },
    options?: EmbeddingsRequestOptions,
  ): Promise<CreateEmbeddingResponse>
  /** The form that `encoding_format` says at run time. @throws {EmbeddingsError} every failure */
  create(
    body: EmbeddingCreateParams,
    options?: EmbeddingsRequestOptions,
  ): Promise<CreateEmbeddingResponse<number[]> | CreateEmbeddingResponse<string>>
  // The overloads above are what callers see.
  // eslint-disable-next-line jsdoc/require-jsdoc
  async create(
    body: EmbeddingCreateParams,
    options: EmbeddingsRequestOptions = {},
  ): Promise<CreateEmbeddingResponse<number[]> | CreateEmbeddingResponse<string>> {
    return createEmbeddingResponse(await this.#embed(validateEmbeddingRequest(body), options))
  }

  /**
   * As `create`, for those who compute with the vectors: one `Float32Array`, handed over by the worker (a few rows are
   * copied, which is faster), in place of a `number[]` an input. Not a part of OpenAI's API.
   *
   * @param body as for `create`, without `encoding_format`
   * @returns inputs × dimensions, in input order
   * @throws {EmbeddingsError} as `create`; 400 `invalid_value` for `encoding_format: 'base64'`
   * @example
   * const { rows, dimensions } = await client.embeddings.createMatrix({ model, input: passages })
   * const third = rows.subarray(2 * dimensions, 3 * dimensions)
   */
  async createMatrix(
    body: EmbeddingCreateParams & { encoding_format?: 'float' | null | undefined },
    options: EmbeddingsRequestOptions = {},
  ): Promise<EmbeddingMatrix> {
    const request = validateEmbeddingRequest(body)
    const param = 'encoding_format'
    if (request.encodingFormat !== 'float') {
      const message = `'${param}' must be 'float' or absent for createMatrix, got "${request.encodingFormat}".`
      throw new EmbeddingsError('invalid_value', message, { param })
    }
    const { vectors, ...result } = await this.#embed(request, options)
    if (vectors.format === 'float') return createEmbeddingMatrix({ ...result, vectors })
    throw new EmbeddingsError(
      'inference_failed',
      'The embedding service answered in another format than asked.',
    )
  }

  /**
   * The body is checked on the page as well as in the service: a wrong one then starts no worker, and what is sent is
   * plain data without the fields (user, metadata) that must go nowhere.
   */
  #embed(request: EmbeddingRequest, options: EmbeddingsRequestOptions): Promise<EmbeddingsResult> {
    const wire = toWire(request)
    const { priority = 'interactive', ...control } = options
    return this.#transport.call(
      (api, callId, quiet) => api.embeddings.create(wire, { callId, priority, quiet }),
      control,
    )
  }
}

function toWire({
  model,
  input,
  encodingFormat,
  dimensions,
  truncate,
  inputType,
}: EmbeddingRequest): EmbeddingCreateParams {
  return {
    model,
    // As it came, so that the service names items as the caller knows them.
    input: input.lone ? (input.items[0] ?? input.items) : input.items,
    encoding_format: encodingFormat,
    dimensions,
    truncate,
    input_type: inputType,
  }
}
