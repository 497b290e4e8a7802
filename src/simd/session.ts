/** The session that runs BERT encoders on the CPU without onnxruntime. */

import type { TokenBatch } from '../engine/batch.ts'
import type { EmbeddingSession, EncoderBuild } from '../engine/embedding-session.ts'
import { readOnnx } from '../engine/onnx/graph.ts'
import { OnnxFileError } from '../engine/onnx/onnx-file-error.ts'
import type { Pooling } from '../models/recipe.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import type { BertSource } from './bert/bert-weights.ts'
import { recognizeBert } from './bert/recognize.ts'
import { Encoder, type SharedEncoder } from './encoder.ts'
import { longestText } from './encoder-plan.ts'
import { loadEncoderModule, type EncoderModule } from './encoder-module.ts'
import { testEncoder } from './self-test.ts'
import { checkShared } from './shared-encoder.ts'
import { UnsupportedModelError } from './unsupported-model.ts'

/** What a session is made from; a part of the engine's `SessionConfig`. */
export interface SimdSessionConfig {
  /** Bytes of the ONNX file, untrusted. */
  model: ArrayBuffer
  /** Name of the graph output that the recipe reads; null: of pooled vectors, else of the tokens'. */
  output: string | null
  pooled: boolean | null
  pooling: Pooling
  /** Native width of a vector. */
  width: number
  /** Tokens of the longest text. */
  maxTokens: number
}

/**
 * Fetches, compiles and tests the encoder, so that this runs beside the reading of the model.
 *
 * @throws EmbeddingsError `model_unreachable`, `csp_blocked`, `invalid_output`
 */
export async function prepareEncoder(build: EncoderBuild, shared = false): Promise<EncoderModule> {
  const module = await loadEncoderModule(build, shared)
  await testEncoder(module)
  return module
}

/**
 * Makes a session from an ONNX file; with a module for shared memory, one whose weights others can share.
 *
 * @throws EmbeddingsError `unsupported_environment` where the encoder does not know the model, with the reason;
 *   `out_of_memory`, `inference_failed`
 */
export async function createSimdSession(
  module: EncoderModule,
  config: SimdSessionConfig,
): Promise<SimdSession> {
  try {
    const source = recognizeBert(readOnnx(new Uint8Array(config.model)), config)
    checkLength(source, config.maxTokens)
    return new EncoderSession(await Encoder.create(module, source))
  } catch (error) {
    throw toSessionError(error)
  }
}

/**
 * Makes a session on weights that another worker has packed.
 *
 * @param shared from another thread, untrusted
 * @throws EmbeddingsError `inference_failed`, `unsupported_environment` where it is not what `shared` of a session is;
 *   `out_of_memory`
 */
export async function attachSimdSession(shared: SharedEncoder): Promise<SimdSession> {
  try {
    checkShared(shared)
    return new EncoderSession(await Encoder.attach(shared))
  } catch (error) {
    throw toSessionError(error)
  }
}

/** Otherwise short texts would get vectors and long ones errors. */
function checkLength(source: BertSource, maxTokens: number): void {
  const longest = longestText(source)
  if (longest >= maxTokens) return
  const message = `its texts have up to ${String(maxTokens)} tokens, and the encoder takes ${String(longest)} of it`
  throw new UnsupportedModelError('shape', message)
}

function toSessionError(cause: unknown): EmbeddingsError {
  if (cause instanceof UnsupportedModelError || cause instanceof OnnxFileError) {
    const message = `The CPU encoder does not run this model: ${cause.message}.`
    return new EmbeddingsError('unsupported_environment', message, { cause })
  }
  if (cause instanceof RangeError) {
    return new EmbeddingsError('out_of_memory', 'The browser has no memory left for this model.', { cause })
  }
  return new EmbeddingsError('inference_failed', `The CPU encoder could not be started: ${String(cause)}`, {
    cause,
  })
}

/** A session, and what others need to share its weights. */
export interface SimdSession extends EmbeddingSession {
  /** Null: its memory is its own, or it was disposed. */
  readonly shared: SharedEncoder | null
  /** Where its part of that memory begins; see `Encoder.help`. */
  readonly place: number
  /** Works at another session's run. @throws as `Encoder.help` does */
  help(place: number): number
}

class EncoderSession implements SimdSession {
  readonly adapter = null
  readonly lost: Promise<string> = new Promise(() => undefined)
  readonly notes = []
  #encoder: Encoder | null

  constructor(encoder: Encoder) {
    this.#encoder = encoder
  }

  // Asynchronous because sessions are.
  // eslint-disable-next-line @typescript-eslint/require-await
  async run(batch: TokenBatch): Promise<Float32Array<ArrayBuffer>> {
    if (this.#encoder === null) throw new EmbeddingsError('inference_failed', 'The session was disposed.')
    checkBatch(batch, this.#encoder)
    try {
      return this.#encoder.encode(batch)
    } catch (cause) {
      throw new EmbeddingsError('inference_failed', `Inference failed: ${String(cause)}`, { cause })
    }
  }

  get shared(): SharedEncoder | null {
    return this.#encoder?.shared ?? null
  }

  get place(): number {
    return this.#encoder?.place ?? 0
  }

  help(place: number): number {
    return this.#encoder?.help(place) ?? 0
  }

  dispose(): Promise<void> {
    this.#encoder = null
    return Promise.resolve()
  }
}

/** The encoder reads memory by these numbers, so none may lead astray. */
function checkBatch({ ids, lengths }: TokenBatch, { longest, vocabulary }: Encoder): void {
  const fail = (message: string): never => {
    throw new EmbeddingsError('inference_failed', message)
  }
  let tokens = 0
  for (const length of lengths) {
    if (length < 1 || length > longest) {
      fail(`A text has ${String(length)} tokens; the model's graph takes 1 to ${String(longest)}.`)
    }
    tokens += length
  }
  if (tokens !== ids.length)
    fail(`The batch has ${String(ids.length)} tokens and lengths for ${String(tokens)}.`)
  const wrong = ids.find((id) => id < 0 || id >= vocabulary)
  if (wrong !== undefined)
    fail(`The token ${String(wrong)} is not in the model's table of ${String(vocabulary)}.`)
}
