/** Checks the `input` field: 1 to 2,048 texts, or token arrays, or one of either on its own. */

import { EmbeddingsError } from './errors.ts'
import type { EmbeddingsErrorCode } from './errors.ts'
import { describe, describeType, isArray, readItems } from './plain-data.ts'

/** Most items in one request. Source: OpenAI's API. */
export const MAX_INPUTS = 2048

/** Most UTF-16 units in one text. Source: OpenAI's API, which answers `string_above_max_length` beyond it. */
export const MAX_INPUT_LENGTH = 10_485_760

/**
 * The items of `input`, all of one kind. `lone`: it was one text or token array and no list; errors then call it
 * `input`, not `input[0]`.
 */
export type RequestInput =
  { kind: 'text'; items: string[]; lone: boolean } | { kind: 'tokens'; items: number[][]; lone: boolean }

const WANTED = 'a string, an array of strings, an array of token ids or an array of arrays of token ids'

/**
 * Checks `input` and brings it into one form. An array whose first item is a number is one array of token ids,
 * of any length: the limit of 2,048 counts items, and what the model can take is checked where it is known.
 * Lone surrogates become U+FFFD, as `TextEncoder` would make them.
 *
 * @param input the field's value; `undefined` when it is missing
 * @returns the items in their order, copied
 * @throws {EmbeddingsError} 400 `invalid_type`, `empty_input`, `array_above_max_length`,
 *   `string_above_max_length` or `invalid_token`; `param` names the item, as `input[3]` or `input[3][7]`.
 *   No message holds any of a text
 */
export function validateInput(input: unknown): RequestInput {
  if (input === undefined) {
    throw invalid('invalid_type', 'input', `'input' is required: ${WANTED}, but it is missing or null.`)
  }
  if (typeof input === 'string') return { kind: 'text', items: [checkText(input, 'input')], lone: true }
  const items = readItems(input, 'input')
  if (items === null) {
    throw invalid('invalid_type', 'input', `'input' must be ${WANTED}, got ${describeItem(input)}.`)
  }
  if (items.length === 0) {
    throw invalid(
      'empty_input',
      'input',
      `'input' must hold 1 to ${MAX_INPUTS} items, got an array of 0 items.`,
    )
  }
  const [first] = items
  if (typeof first === 'number') return { kind: 'tokens', items: [checkTokens(items, 'input')], lone: true }
  if (items.length > MAX_INPUTS) {
    throw invalid(
      'array_above_max_length',
      'input',
      `'input' must hold at most ${MAX_INPUTS} items, got an array of ${items.length} items.`,
    )
  }
  if (typeof first === 'string') return { kind: 'text', items: items.map(checkTextItem), lone: false }
  if (isArray(first, 'input[0]')) return { kind: 'tokens', items: items.map(checkTokenItem), lone: false }
  throw invalid(
    'invalid_type',
    'input[0]',
    `'input[0]' must be a string, a token id or an array of token ids, got ${describeItem(first)}.`,
  )
}

function checkTextItem(item: unknown, index: number): string {
  const param = `input[${index}]`
  if (typeof item === 'string') return checkText(item, param)
  throw invalid(
    'invalid_type',
    param,
    `'${param}' must be a string, as 'input[0]' is, got ${describeItem(item)}.`,
  )
}

function checkText(text: string, param: string): string {
  if (text.length === 0) {
    throw invalid(
      'empty_input',
      param,
      `'${param}' must have at least 1 character, got a string of 0 characters.`,
    )
  }
  if (text.length > MAX_INPUT_LENGTH) {
    throw invalid(
      'string_above_max_length',
      param,
      `'${param}' must have at most ${MAX_INPUT_LENGTH} characters (UTF-16 units), got ${text.length}.`,
    )
  }
  return text.toWellFormed()
}

function checkTokenItem(item: unknown, index: number): number[] {
  const param = `input[${index}]`
  const ids = readItems(item, param)
  if (ids === null) {
    throw invalid(
      'invalid_type',
      param,
      `'${param}' must be an array of token ids, as 'input[0]' is, got ${describeItem(item)}.`,
    )
  }
  if (ids.length === 0) {
    throw invalid('empty_input', param, `'${param}' must have at least 1 token id, got an array of 0 items.`)
  }
  return checkTokens(ids, param)
}

function checkTokens(items: readonly unknown[], param: string): number[] {
  return items.map((id, index) => {
    if (typeof id !== 'number') {
      const name = `${param}[${index}]`
      throw invalid('invalid_type', name, `'${name}' must be a token id (a number), got ${describeItem(id)}.`)
    }
    if (!Number.isSafeInteger(id) || id < 0) {
      const name = `${param}[${index}]`
      throw invalid(
        'invalid_token',
        name,
        `'${name}' must be a token id (an integer from 0 to ${Number.MAX_SAFE_INTEGER}), got ${describe(id)}.`,
      )
    }
    return id
  })
}

/** Never a character of a string, which would be the user's text. */
function describeItem(value: unknown): string {
  // OpenAI's own SDK sends a typed array as an object with numbered keys, which the API refuses too.
  if (ArrayBuffer.isView(value)) return 'a typed array (pass Array.from(ids, Number))'
  return typeof value === 'string' ? describeType(value) : describe(value)
}

function invalid(code: EmbeddingsErrorCode, param: string, message: string): EmbeddingsError {
  return new EmbeddingsError(code, message, { param })
}
