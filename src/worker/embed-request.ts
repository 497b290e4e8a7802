/** One checked request through one model: tokenizing, inference and encoding run beside each other. */

import type { BatchLimits, TokenBatch } from '../engine/batch.ts'
import { embedTexts, type EmbeddedBatch } from '../engine/embedder.ts'
import type { Tokenizer } from '../engine/tokenizer.ts'
import type { WaitingText } from '../engine/waiting-texts.ts'
import { systemFingerprint } from '../models/fingerprint.ts'
import { nativeWidth, type ModelRecipe } from '../models/recipe.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import type { Priority } from '../openai/types.ts'
import type { EmbeddingRequest } from '../openai/validate.ts'
import type { BackendStatus, EmbeddingsResult } from '../rpc/protocol.ts'
import type { ModelVectorCache } from './model-vector-cache.ts'
import { RequestTexts } from './request-texts.ts'
import { collectRows, type RowCollector } from './row-collector.ts'

export interface EmbedCall {
  priority: Priority
  signal: AbortSignal
  onBatch: (done: { inputs: number; tokens: number }) => void
}

/** What a request needs of its model. */
export interface RequestModel {
  recipe: ModelRecipe
  tokenizer: Tokenizer
  /** Null: every vector is computed. */
  cache: ModelVectorCache | null
  /** Weight format, a part of the vector space's name. */
  dtype: string
  limits: BatchLimits
  /** Batches on their way at once. */
  lanes: number
  /** Rows × native width. */
  runBatch: (batch: TokenBatch) => Promise<Float32Array>
}

/**
 * Sizes of batches. The CPU encoder needs no padding and gains nothing from size: its batches are as small as is good
 * for whoever waits behind them, some 30 ms on one core of a server (`npm run bench -- cpu`). onnxruntime on WASM was
 * fastest at 512 padded tokens (design.md §4); a GPU wants more work at a time.
 */
export function batchLimits(backend: Pick<BackendStatus, 'device' | 'runtime'> | null): BatchLimits {
  if (backend?.device === 'webgpu') return { paddedTokens: 4096, rows: 64 }
  return { paddedTokens: backend?.runtime === 'simd' ? 128 : 512, rows: 64 }
}

/** Answers one checked request. @throws EmbeddingsError; the signal's reason */
export async function embedRequest(
  request: EmbeddingRequest,
  call: EmbedCall,
  model: RequestModel,
): Promise<EmbeddingsResult> {
  const { recipe, tokenizer, cache } = model
  const dimensions = checkDimensions(recipe, request.dimensions)
  const prompt = request.inputType === undefined ? '' : (recipe.prompts[request.inputType] ?? '')
  const fingerprint = systemFingerprint(recipe, model.dtype, request.inputType, dimensions)
  const texts = new RequestTexts(request, tokenizer, prompt)
  const collector = collectRows(request.encodingFormat, request.input.items.length, dimensions)
  const take = ({ positions, rows, tokens }: EmbeddedBatch): void => {
    collector.take(positions, rows)
    call.onBatch({ inputs: positions.length, tokens })
  }
  const compute = (portions: AsyncIterable<readonly WaitingText[]>, onRows: (done: EmbeddedBatch) => void) =>
    embedTexts(portions, {
      width: nativeWidth(recipe),
      dimensions,
      limits: model.limits,
      lanes: model.lanes,
      runBatch: model.runBatch,
      onRows,
      nameOf: (position) => texts.nameOf(position),
    })
  const portions = texts.portions(call.signal)
  if (cache === null) await compute(portions, take)
  else await cache.through(fingerprint, portions, { dimensions, compute, take })
  repeatRows(texts, collector, call)
  return { model: recipe.id, fingerprint, promptTokens: texts.tokens, vectors: collector.vectors }
}

function repeatRows({ repeated }: RequestTexts, collector: RowCollector, call: EmbedCall): void {
  if (repeated.length === 0) return
  for (const { position, first } of repeated) collector.repeat(position, first)
  call.onBatch({ inputs: repeated.length, tokens: repeated.reduce((sum, { tokens }) => sum + tokens, 0) })
}

function checkDimensions(recipe: ModelRecipe, asked: number | undefined): number {
  const supported = recipe.dimensions
  if (asked === undefined) return nativeWidth(recipe)
  if (supported.length < 2) {
    throw new EmbeddingsError(
      'unsupported_value',
      `The model ${recipe.id} does not support dimensions; its vectors have ${String(supported[0])}. Got ${String(asked)}.`,
      { param: 'dimensions' },
    )
  }
  if (!supported.includes(asked)) {
    throw new EmbeddingsError(
      'invalid_value',
      `dimensions must be one of ${supported.join(', ')} for the model ${recipe.id}; got ${String(asked)}.`,
      { param: 'dimensions' },
    )
  }
  return asked
}
