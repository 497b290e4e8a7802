/** The GPU on which a model might run, and the text to test it by. */

import { probeWebGpu, type AdapterFacts } from '../engine/webgpu-adapter.ts'
import { usableVariants } from '../models/dtype-choice.ts'
import type { ModelRecipe, ModelVariant } from '../models/recipe.ts'
import type { GpuVerdict, ServiceConfig } from '../rpc/protocol.ts'
import type { GpuVerdicts } from './gpu-verdicts.ts'

/**
 * The text of the answer that is computed where a recipe carries none. Long, as onnxruntime's WebGPU attention takes
 * another kernel from 32 tokens on: on some GPUs that one is wrong (cosine 0.92; tools/prepare-model/README.md).
 */
const PROBE_TEXT =
  'The lighthouse keeper wrote one letter every week, and on Friday the supply boat carried it to the harbour ' +
  'together with his list of flour, lamp oil, tobacco and whatever news of the weather he thought worth sharing.'

/** Tokens that a computed answer must have at least, where the model takes so many. */
const PROBE_TOKENS = 44

/** An adapter that may be used, and the graph for it. */
export interface GpuCandidate {
  adapter: AdapterFacts
  variant: ModelVariant
  /** Of an earlier trial. */
  verdict: GpuVerdict | null
  /** Why the graphs that come before this one are not for this adapter. */
  passedOver: readonly string[]
}

/**
 * Looks for an adapter that this model may use; downloads nothing.
 *
 * @returns the candidate, or why there is none
 */
export async function findCandidate(
  recipe: ModelRecipe,
  config: ServiceConfig,
  verdicts: GpuVerdicts,
): Promise<GpuCandidate | string> {
  if (!recipe.variants.some(({ device }) => device === 'webgpu')) return 'the model has no graph for WebGPU'
  // Absent in some workers and on insecure origins, whatever the types say.
  const probe = await probeWebGpu((navigator as Partial<Navigator>).gpu)
  if (!probe.usable) return probe.reason
  const { adapter } = probe
  if (adapter.fallback && config.device === 'auto') return `${adapter.name} is WebGPU in software, not a GPU`
  const { variants, excluded } = usableVariants(recipe, 'webgpu', { webgpu: adapter.facts })
  const reasons = excluded.map(({ reason }) => reason)
  for (const variant of variants) {
    const verdict = await verdicts.find(recipe, variant, adapter)
    if (verdict?.passed !== false) return { adapter, variant, verdict, passedOver: reasons }
    reasons.push(`${failureOf(verdict)} (${variant.file}, tested ${new Date(verdict.testedAt).toISOString()})`)
  }
  return reasons.join('; ')
}

function failureOf({ cosine: measured }: GpuVerdict): string {
  return measured === null
    ? 'the first vector is zero or not finite'
    : `known-answer cosine ${measured.toFixed(3)}`
}

/** Tokens of the text whose vector the CPU computes where the recipe carries none. */
export async function probeTokens(
  encode: (text: string) => Promise<Int32Array>,
  maxTokens: number,
): Promise<Int32Array> {
  let text = PROBE_TEXT
  let tokens = await encode(text)
  // Tokenizers with words of their own need fewer tokens for it; those that know none may need very few.
  for (let times = 1; times < 8 && tokens.length < Math.min(PROBE_TOKENS, maxTokens); times++) {
    text += ` ${PROBE_TEXT}`
    tokens = await encode(text)
  }
  return tokens
}
