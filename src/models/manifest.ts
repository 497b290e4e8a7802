/** Reads a model's `manifest.json` (or a recipe given by the page) into a recipe. The JSON is untrusted. */

import { EmbeddingsError } from '../openai/errors.ts'
import { isModelId } from './hub-layout.ts'
import { JsonField } from './json-field.ts'
import type { FileRecord, KnownAnswer, ModelRecipe, ModelVariant } from './recipe.ts'

const LARGEST_FILE = 4 * 2 ** 30
/** More tokens than any model of today takes at once. */
export const MOST_TOKENS = 131_072

/** A relative path without `..`, backslashes or percent signs, so that it stays inside the model's folder. */
export const SAFE_PATH = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w.-]+(?:\/[\w.-]+)*$/

function readFile(field: JsonField): FileRecord {
  return {
    path: field.at('path').matching(SAFE_PATH, 'a relative path'),
    bytes: field.at('bytes').integer(0, LARGEST_FILE),
    sha256: field.at('sha256').matching(/^[0-9a-f]{64}$/, '64 hexadecimal digits'),
  }
}

function readVariant(field: JsonField): ModelVariant {
  return {
    device: field.at('device').oneOf(['webgpu', 'wasm']),
    dtype: field.at('dtype').text(),
    file: field.at('file').matching(SAFE_PATH, 'a relative path'),
    externalData: optionalList(field.at('externalData')).map((path) => path.matching(SAFE_PATH, 'a relative path')),
    output: field.at('output').isAbsent ? null : field.at('output').text(),
    pooled: field.at('pooled').isAbsent ? null : field.at('pooled').flag(),
    disabledOptimizers: field
      .at('disabledOptimizers')
      .list()
      .map((name) => name.matching(/^\w+$/, 'the name of an optimizer')),
  }
}

function optionalList(field: JsonField): JsonField[] {
  return field.isAbsent ? [] : field.list()
}

function readVector(field: JsonField, width: number): Float32Array {
  const base64 = field.text()
  let bytes: Uint8Array
  try {
    bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch {
    return field.fail('base64')
  }
  if (bytes.length !== width * 4) field.fail(`${String(width)} float32 numbers in base64`)
  return new Float32Array(bytes.buffer)
}

function readKnownAnswer(field: JsonField, width: number, vocabSize: number): KnownAnswer | undefined {
  if (field.value === undefined || field.value === null) return undefined
  const tokens = field.at('tokens')
  const ids = tokens.list().map((token) => token.integer(0, vocabSize - 1))
  if (ids.length === 0) tokens.fail('an array that is not empty')
  return {
    text: field.at('text').text(),
    tokens: ids,
    embedding: readVector(field.at('embedding'), width),
  }
}

function readPrompts(field: JsonField): Record<string, string> {
  if (field.value === undefined) return {}
  return Object.fromEntries(field.entries().map(([key, prompt]) => [key, prompt.string()]))
}

function checkFilesAreListed(variants: readonly ModelVariant[], files: readonly FileRecord[]): void {
  const paths = new Set(files.map((file) => file.path))
  const graphs = variants.flatMap((variant) => [variant.file, ...variant.externalData])
  const needed = ['tokenizer.json', 'tokenizer_config.json', ...graphs]
  const missing = needed.find((path) => !paths.has(path))
  if (missing !== undefined) throw new EmbeddingsError('bad_model_file', `manifest: files lacks ${missing}.`)
}

/**
 * A checked recipe from a manifest.
 *
 * @param manifest parsed JSON, `format` 1, as `tools/prepare-model` writes it
 * @throws EmbeddingsError `bad_model_file` naming the field, what it must be and what it is
 */
export function parseManifest(manifest: unknown): ModelRecipe {
  const root = JsonField.root(manifest, 'manifest')
  root.at('format').integer(1, 1)
  const id = root.at('id').text()
  if (!isModelId(id)) root.at('id').fail('a model id')
  const recipe = root.at('recipe')
  const dimensions = recipe
    .at('dimensions')
    .list()
    .map((entry) => entry.integer(1, 65_536))
  const width = dimensions[0] ?? recipe.at('dimensions').fail('an array with the native width first')
  if (dimensions.some((entry) => entry > width)) recipe.at('dimensions').fail('led by its largest number')
  const vocabSize = recipe.at('vocabSize').integer(1, 2 ** 31 - 1)
  const variants = root.at('variants').list().map(readVariant)
  if (variants.length === 0) root.at('variants').fail('an array that is not empty')
  const files = root.at('files').list().map(readFile)
  checkFilesAreListed(variants, files)
  return {
    id,
    path: id,
    revision: root.at('revision').text(),
    created: root.at('created').value === undefined ? 0 : root.at('created').integer(0, 2 ** 40),
    ownedBy: root.at('origin').value === undefined ? 'local' : (root.at('origin').text().split('/')[0] ?? 'local'),
    dimensions,
    maxTokens: recipe.at('maxTokens').integer(1, MOST_TOKENS),
    pooling: recipe.at('pooling').oneOf(['mean', 'cls', 'last']),
    vocabSize,
    padTokenId: recipe.at('padTokenId').integer(0, vocabSize - 1),
    paddingSide: recipe.at('paddingSide').isAbsent ? 'right' : recipe.at('paddingSide').oneOf(['left', 'right']),
    prompts: readPrompts(recipe.at('prompts')),
    variants,
    knownAnswer: readKnownAnswer(root.at('knownAnswer'), width, vocabSize),
    files,
  }
}
