/** The models of test/fixtures/synthetic, and what native onnxruntime gives for them; see its README.md. */

import { expect } from 'vitest'
import type { EmbeddingsClient, EmbeddingsClientOptions } from '../../src/index.ts'
import { agreement } from './reference.ts'

interface SyntheticModel {
  /** The model whose vectors this one must come near: itself, unless it is a rounded form of another. */
  like: string
  /** Tokens of each text. */
  tokens: number[]
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
 * Embeds some of the texts together and each alone, and holds both against native onnxruntime.
 *
 * @param texts how many of the texts
 * @param least cosine that every vector must reach
 * @param like model whose vectors are expected
 */
export async function expectNativeVectors(
  client: EmbeddingsClient,
  name: string,
  { texts = synthetic.texts.length, least = 0.9999, like = name } = {},
): Promise<void> {
  const input = synthetic.texts.slice(-texts)
  const { data, usage } = await client.embeddings.create({ model: name, input })
  const together = data.map(({ embedding }) => embedding)
  const tokens = synthetic.models[name]?.tokens.slice(-texts) ?? []
  expect(usage.prompt_tokens).toBe(tokens.reduce((sum, count) => sum + count, 0))
  const wanted = nativeVectors(like).slice(-texts)
  expect(together).toHaveLength(wanted.length)
  const { minimum } = agreement(together, wanted)
  const alone: number[][] = []
  for (const text of input) {
    alone.push((await client.embeddings.create({ model: name, input: text })).data[0]?.embedding ?? [])
  }
  const company = agreement(
    alone,
    together.map((vector) => Float32Array.from(vector)),
  )
  console.log(
    `${name}: least cosine to native ${minimum.toFixed(6)}, alone to together ${company.minimum.toFixed(6)}`,
  )
  expect(minimum).toBeGreaterThanOrEqual(least)
  expect(company.minimum).toBeGreaterThanOrEqual(Math.max(0.998, least))
}
