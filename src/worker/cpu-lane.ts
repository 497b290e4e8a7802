import type { ModelRecipe } from '../models/recipe.ts'
import { BackendLane, type LaneOptions } from './backend-lane.ts'
import type { Rung } from './backend-rungs.ts'
import { knownAnswerCosine, leastCosine, requireCosine, runProbe } from './known-answer.ts'

/**
 * The CPU's lane, whose sessions are tested by the recipe's known answer where it has one, else by any text.
 *
 * @param rungs at least one
 * @param encode token ids of a text, cut at the model's limit
 */
export function makeCpuLane(
  rungs: readonly Rung[],
  recipe: ModelRecipe,
  encode: (text: string) => Promise<Int32Array>,
  options: Omit<LaneOptions, 'recipe' | 'test' | 'onLost'>,
): BackendLane {
  const { knownAnswer } = recipe
  return new BackendLane('wasm', rungs, {
    ...options,
    recipe,
    test: async (slot, rung) => {
      if (knownAnswer === undefined) {
        requireCosine((await runProbe(slot, await encode('warm-up'))) === null ? null : 1, 1)
        return null
      }
      const { tokens, embedding } = knownAnswer
      const known = { tokens: Int32Array.from(tokens), embedding, dtype: 'fp32' }
      return requireCosine(await knownAnswerCosine(slot, known), leastCosine(rung.variant.dtype, known.dtype))
    },
    // The lane itself starts others.
    onLost: () => undefined,
  })
}
