/** Turns the body of `POST /v1/embeddings`, as it came, into one normalised request. */

import { EmbeddingsError } from './errors.ts'
import { clip, describe, describeType, quote, readFields } from './plain-data.ts'
import type { EmbeddingCreateParams, EncodingFormat, InputType } from './types.ts'
import { validateInput } from './validate-input.ts'
import type { RequestInput } from './validate-input.ts'

/** A checked request with its defaults filled in. It shares no object with the body that it came from. */
export interface EmbeddingRequest {
  /** As the caller wrote it: catalogue id, hub id or alias, still to be resolved. Not empty. */
  model: string
  /** 1 to 2,048 items, none empty. */
  input: RequestInput
  encodingFormat: EncodingFormat
  /** At least 1; whether the model can be cut to it is for the model to say. */
  dimensions: number | undefined
  truncate: boolean
  inputType: InputType | undefined
}

const ENCODING_FORMATS = ['float', 'base64'] as const satisfies readonly EncodingFormat[]
const INPUT_TYPES = [
  'query',
  'document',
  'similarity',
  'classification',
  'clustering',
] as const satisfies readonly InputType[]

/** Every field of the contract; `satisfies` keeps it in step with the type. */
const FIELDS = {
  model: true,
  input: true,
  encoding_format: true,
  dimensions: true,
  user: true,
  safety_identifier: true,
  metadata: true,
  extra_body: true,
  truncate: true,
  input_type: true,
} as const satisfies Record<keyof EmbeddingCreateParams, true>

/**
 * Checks a request body and fills in its defaults.
 *
 * A field that is `undefined` or null counts as absent: it takes its default, and does not hide the same field
 * of `extra_body`. Only own, enumerable fields of plain objects are read, each of them once, so neither a
 * prototype nor a getter has a say. `user`, `safety_identifier` and `metadata` are checked for type and go no
 * further; no message repeats them, or any of the texts.
 *
 * Source of the rules: OpenAI's `POST /v1/embeddings`, with `truncate` and `input_type` added.
 *
 * @param body anything, as parsed JSON or as a caller passed it
 * @returns the request in its one normalised form
 * @throws {EmbeddingsError} 400 with `param` naming the field and item, or null when the body itself is no
 *   object: `invalid_type` (also where a required field is missing), `invalid_value`, `empty_input`,
 *   `array_above_max_length`, `string_above_max_length`, `invalid_token`, `unknown_parameter`
 */
export function validateEmbeddingRequest(body: unknown): EmbeddingRequest {
  const fields = mergeExtraBody(body)
  checkString(fields, 'user')
  checkString(fields, 'safety_identifier')
  checkMetadata(fields)
  return {
    model: checkModel(fields.get('model')),
    encodingFormat: checkChoice(fields, 'encoding_format', ENCODING_FORMATS) ?? 'float',
    dimensions: checkDimensions(fields.get('dimensions')),
    truncate: checkTruncate(fields.get('truncate')),
    inputType: checkChoice(fields, 'input_type', INPUT_TYPES),
    input: validateInput(fields.get('input')),
  }
}

/** The fields that are there, those of `extra_body` included; none is null or unknown. */
function mergeExtraBody(body: unknown): Map<string, unknown> {
  const own = readFields(body, null)
  if (own === null) {
    throw new EmbeddingsError(
      'invalid_type',
      `The request body must be a plain object, got ${describeType(body)}.`,
    )
  }
  const merged = keepPresent(own, null)
  const extraBody = merged.get('extra_body')
  if (extraBody === undefined) return merged
  const extra = readFields(extraBody, 'extra_body')
  if (extra === null) {
    throw invalid(
      'invalid_type',
      'extra_body',
      `'extra_body' must be a plain object, got ${describeType(extraBody)}.`,
    )
  }
  if (extra.has('extra_body')) throw unknownParameter('extra_body.extra_body')
  for (const [name, value] of keepPresent(extra, 'extra_body')) {
    if (!merged.has(name)) merged.set(name, value)
  }
  return merged
}

function keepPresent(fields: Map<string, unknown>, parent: string | null): Map<string, unknown> {
  const present = new Map<string, unknown>()
  for (const [name, value] of fields) {
    if (!Object.hasOwn(FIELDS, name)) throw unknownParameter(parent === null ? name : `${parent}.${name}`)
    if (value !== null) present.set(name, value)
  }
  return present
}

function checkModel(model: unknown): string {
  if (model === undefined) {
    throw invalid('invalid_type', 'model', `'model' is required: the id of a model, but it is missing or null.`)
  }
  if (typeof model !== 'string') {
    throw invalid(
      'invalid_type',
      'model',
      `'model' must be the id of a model, a string, got ${describe(model)}.`,
    )
  }
  if (model === '') {
    throw invalid('invalid_value', 'model', `'model' must be the id of a model, got an empty string ("").`)
  }
  return model
}

function checkDimensions(dimensions: unknown): number | undefined {
  if (dimensions === undefined) return undefined
  if (typeof dimensions !== 'number') {
    throw invalid('invalid_type', 'dimensions', `'dimensions' must be an integer, got ${describe(dimensions)}.`)
  }
  if (!Number.isSafeInteger(dimensions) || dimensions < 1) {
    throw invalid(
      'invalid_value',
      'dimensions',
      `'dimensions' must be an integer of at least 1, got ${describe(dimensions)}.`,
    )
  }
  return dimensions
}

function checkTruncate(truncate: unknown): boolean {
  if (truncate === undefined) return false
  if (typeof truncate === 'boolean') return truncate
  throw invalid('invalid_type', 'truncate', `'truncate' must be true or false, got ${describe(truncate)}.`)
}

function checkChoice<const Choice extends string>(
  fields: Map<string, unknown>,
  name: 'encoding_format' | 'input_type',
  choices: readonly Choice[],
): Choice | undefined {
  const value = fields.get(name)
  if (value === undefined) return undefined
  const wanted = choices.map((choice) => `'${choice}'`).join(', ')
  if (typeof value !== 'string') {
    throw invalid('invalid_type', name, `'${name}' must be a string, one of ${wanted}, got ${describe(value)}.`)
  }
  const choice = choices.find((known) => known === value)
  if (choice === undefined) {
    throw invalid('invalid_value', name, `'${name}' must be one of ${wanted}, got ${quote(value)}.`)
  }
  return choice
}

function checkString(fields: Map<string, unknown>, name: 'user' | 'safety_identifier'): void {
  const value = fields.get(name)
  if (value !== undefined && typeof value !== 'string') {
    throw invalid('invalid_type', name, `'${name}' must be a string, got ${describeType(value)}.`)
  }
}

function checkMetadata(fields: Map<string, unknown>): void {
  const metadata = fields.get('metadata')
  if (metadata === undefined) return
  const entries = readFields(metadata, 'metadata')
  if (entries === null) {
    throw invalid(
      'invalid_type',
      'metadata',
      `'metadata' must be a plain object, got ${describeType(metadata)}.`,
    )
  }
  for (const [key, value] of entries) {
    if (typeof value === 'string') continue
    const param = `metadata.${clip(key)}`
    throw invalid('invalid_type', param, `'${param}' must be a string, got ${describeType(value)}.`)
  }
}

function unknownParameter(path: string): EmbeddingsError {
  const name = clip(path)
  return invalid(
    'unknown_parameter',
    name,
    `Unknown parameter: '${name}'. Known are ${Object.keys(FIELDS).join(', ')}.`,
  )
}

function invalid(
  code: 'invalid_type' | 'invalid_value' | 'unknown_parameter',
  param: string,
  message: string,
): EmbeddingsError {
  return new EmbeddingsError(code, message, { param })
}
