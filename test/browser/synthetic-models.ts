/** The models of test/fixtures/synthetic, and what native onnxruntime gives for them; see its README.md. */

import { expect } from 'vitest'
import type { EmbeddingsClient, EmbeddingsClientOptions } from '../../src/index.ts'
import { agreement } from './reference.ts'

interface SyntheticModel {
  /** Token ids of each text, by the Rust tokenizers. */
  tokens: number[][]
  /** Base64 of little-endian float32, a vector a text. */
  embeddings: string[]
  /** For the client's option `models`: a known answer, hashes, a variant for each device. */
  recipe: NonNullable<EmbeddingsClientOptions['models']>[number]
}

interface SyntheticModels {
  texts: string[]
  models: Record<string, SyntheticModel>
}

const FOLDER = '/fixtures/synthetic/'

/** `expected.json` of the fixtures. */
export const synthetic = (await (await fetch(`${FOLDER}expected.json`)).json()) as SyntheticModels

/** Names of all models. */
export const syntheticNames = Object.keys(synthetic.models)

/** Options of a client for them; with `recipes`, nothing is left to a model's own files. */
export function syntheticOptions(recipes: boolean): EmbeddingsClientOptions {
  const models = Object.values(synthetic.models).map(({ recipe }) => recipe)
  return { modelsUrl: FOLDER, storage: 'memory', ...(recipes ? { models } : {}) }
}

/** What native onnxruntime gives for a model, one text at a time. */
export function nativeVectors(name: string): Float32Array[] {
  return (synthetic.models[name]?.embeddings ?? []).map((text) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
    return new Float32Array(bytes.buffer)
  })
}

/**
 * Embeds texts together and holds them against native onnxruntime, and each alone against what it is together.
 *
 * @param which places of the texts in `synthetic.texts`
 * @param like model whose vectors are expected
 * @param least cosine that every vector must reach
 * @param alone false: together only
 */
export async function expectNativeVectors(
  client: EmbeddingsClient,
  name: string,
  { which = [...synthetic.texts.keys()], like = name, least = 0.9999, alone = true } = {},
): Promise<void> {
  const pick = <T>(all: readonly T[]): T[] => all.filter((_, index) => which.includes(index))
  const input = pick(synthetic.texts)
  const { data, usage } = await client.embeddings.create({ model: name, input })
  const together = data.map(({ embedding }) => embedding)
  expect(usage.prompt_tokens).toBe(pick(synthetic.models[name]?.tokens ?? []).flat().length)
  const wanted = pick(nativeVectors(like))
  expect(together).toHaveLength(wanted.length)
  const { minimum } = agreement(together, wanted)
  expect(minimum).toBeGreaterThanOrEqual(least)
  if (!alone) return
  const lone: number[][] = []
  for (const text of input) {
    lone.push((await client.embeddings.create({ model: name, input: text })).data[0]?.embedding ?? [])
  }
  const company = agreement(
    lone,
    together.map((vector) => Float32Array.from(vector)),
  )
  console.log(
    `${name}: least cosine to native ${minimum.toFixed(6)}, alone to together ${company.minimum.toFixed(6)}`,
  )
  expect(company.minimum).toBeGreaterThanOrEqual(Math.max(0.998, least))
}
