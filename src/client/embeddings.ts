import { createEmbeddingResponse } from '../openai/response.ts'
import type { CreateEmbeddingResponse, EmbeddingCreateParams, RequestOptions } from '../openai/types.ts'
import { validateEmbeddingRequest, type EmbeddingRequest } from '../openai/validate.ts'
import type { ProgressEvent } from '../rpc/protocol.ts'
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
    // Checked here as well as in the service: a wrong body then starts no worker, and what is sent is plain data
    // without the fields (user, metadata) that must go nowhere.
    const wire = toWire(validateEmbeddingRequest(body))
    const { priority = 'interactive', ...control } = options
    const result = await this.#transport.call(
      (api, callId, quiet) => api.embeddings.create(wire, { callId, priority, quiet }),
      control,
    )
    return createEmbeddingResponse(result)
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
