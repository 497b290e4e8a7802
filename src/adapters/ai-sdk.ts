/** Vercel AI SDK: an embedding model (specification v4) for `embed` and `embedMany` of the package `ai`. */

import type { EmbeddingModelV4, EmbeddingModelV4CallOptions, EmbeddingModelV4Result } from '@ai-sdk/provider'
import type { EmbeddingCreateParams, EmbeddingsClient, InputType } from '../index.ts'

const PROVIDER = 'browser-embeddings'

/** Most texts of one request, as in OpenAI's API; `embedMany` splits by it. */
const MAX_EMBEDDINGS_PER_CALL = 2048

/** Settings of a model; those of one call go into `providerOptions['browser-embeddings']` under the same names. */
export interface AiSdkEmbeddingSettings {
  /** Picks the model's prompt. @default none: the text as it is */
  inputType?: InputType | undefined
  /** Cut the vectors to this many dimensions. @default the model's width */
  dimensions?: number | undefined
  /** Cut longer texts at the model's limit instead of refusing them. @default false */
  truncate?: boolean | undefined
}

/**
 * A model of this client for the AI SDK. Failures are `EmbeddingsError`s, which the SDK does not retry; an abort rejects
 * with the signal's own reason. `usage.tokens` counts what the model saw, and
 * `providerMetadata['browser-embeddings']` names the model that ran and the vector space.
 *
 * @param model id or alias, as in `embeddings.create`
 * @example
 * const { embedding } = await embed({ model: aiSdkEmbeddingModel(client, 'all-MiniLM-L6-v2'), value: 'a text' })
 */
export function aiSdkEmbeddingModel(
  client: EmbeddingsClient,
  model: string,
  settings: AiSdkEmbeddingSettings = {},
): EmbeddingModelV4 {
  return {
    specificationVersion: 'v4',
    provider: PROVIDER,
    modelId: model,
    maxEmbeddingsPerCall: MAX_EMBEDDINGS_PER_CALL,
    // The client's own queue keeps every inference worker busy with one call; several at once could only overfill it.
    supportsParallelCalls: false,
    doEmbed: (options) => embedValues(client, model, settings, options),
  }
}

async function embedValues(
  client: EmbeddingsClient,
  model: string,
  settings: AiSdkEmbeddingSettings,
  { values, dimensions, abortSignal, providerOptions }: EmbeddingModelV4CallOptions,
): Promise<EmbeddingModelV4Result> {
  const own = { ...settings, ...providerOptions?.[PROVIDER] }
  // Options of a call are JSON of unknown origin; `create` checks each of them.
  const body = {
    model,
    input: values,
    dimensions: dimensions ?? own.dimensions,
    truncate: own.truncate,
    input_type: own.inputType,
  } as EmbeddingCreateParams & { encoding_format?: 'float' }
  const response = await client.embeddings.create(body, { signal: abortSignal })
  return {
    embeddings: response.data.map(({ embedding }) => embedding),
    usage: { tokens: response.usage.prompt_tokens },
    providerMetadata: {
      [PROVIDER]: { model: response.model, systemFingerprint: response.system_fingerprint },
    },
    warnings: [],
  }
}
