/**
 * Reads data of unknown origin: each property once, own ones only, and with no way for a getter, a proxy trap
 * or a revoked proxy to throw anything but an `EmbeddingsError`. What comes back is the reader's own copy.
 */

import { EmbeddingsError } from './errors.ts'

/** Characters of a value, or of a field's name, that a message may repeat. */
const QUOTED_CHARACTERS = 40

/**
 * Copies the own enumerable fields of a plain object, as `JSON.stringify` and `structuredClone` would see
 * them. A map, so that a key named `__proto__` is a key like any other and can never reach a prototype.
 *
 * @param value anything
 * @param param name of the field in errors; null for the body as a whole
 * @returns the fields in their order, without those that are `undefined`; null when `value` is not a plain
 *   object (an array, a class instance, a Map, null …)
 * @throws {EmbeddingsError} 400 `invalid_type` when a field is a getter, or when reading throws
 */
export function readFields(value: unknown, param: string | null): Map<string, unknown> | null {
  return guardRead(param, () => {
    if (typeof value !== 'object' || value === null || !isPlainObject(value)) return null
    const fields = new Map<string, unknown>()
    for (const key of Object.keys(value)) {
      const descriptor = Object.getOwnPropertyDescriptor(value, key)
      if (descriptor === undefined) continue
      if (!('value' in descriptor)) throw getterError(param === null ? key : `${param}.${key}`)
      if (descriptor.value !== undefined) fields.set(key, descriptor.value)
    }
    return fields
  })
}

/**
 * `Array.isArray`, which throws on a revoked proxy.
 *
 * @param value anything
 * @param param name of the field in errors
 * @returns whether it is an array; a typed array is none
 * @throws {EmbeddingsError} 400 `invalid_type` when it cannot be told
 */
export function isArray(value: unknown, param: string): boolean {
  return guardRead(param, () => Array.isArray(value))
}

/**
 * Copies the items of an array, up to and including the first that is `undefined`: no valid array has one,
 * and stopping there keeps `new Array(4e9)` from costing anything.
 *
 * @param value anything
 * @param param name of the field in errors
 * @returns a dense copy; null when `value` is not an array (a typed array is none)
 * @throws {EmbeddingsError} 400 `invalid_type` when reading throws
 */
export function readItems(value: unknown, param: string): unknown[] | null {
  return guardRead(param, () => {
    if (!Array.isArray(value)) return null
    const source: readonly unknown[] = value
    const items: unknown[] = []
    const { length } = source
    for (let i = 0; i < length; i++) {
      const item = source[i]
      items.push(item)
      if (item === undefined) break
    }
    return items
  })
}

/**
 * Says in a few words what came instead of what was wanted. Quotes at most 40 characters of a string.
 *
 * @param value anything; never read beyond its type and length
 * @returns `the number 3.5`, `"flaot"`, `an array of 2 items`, `null` …
 */
export function describe(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'bigint') return `the bigint ${clip(`${value}`)}n`
  return describeType(value)
}

/**
 * As {@link describe}, without a single character of the value: for texts and for data about the user.
 *
 * @param value anything; never read beyond its type and length
 * @returns `a string of 12 characters`, `a number`, `an array of 2 items`, `null` …
 */
export function describeType(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (typeof value === 'string') return `a string of ${value.length} characters`
  if (typeof value !== 'object') return `a ${typeof value}`
  if (ArrayBuffer.isView(value)) return 'a typed array'
  try {
    return Array.isArray(value) ? `an array of ${value.length} items` : 'an object'
  } catch {
    // A revoked proxy, or a trap that throws: the description says so, the caller's own error stands.
    return 'an object that cannot be read'
  }
}

/** A string in double quotes, control characters and lone surrogates escaped, cut to 40 characters. */
export function quote(text: string): string {
  return text.length > QUOTED_CHARACTERS
    ? `${JSON.stringify(text.slice(0, QUOTED_CHARACTERS))}…`
    : JSON.stringify(text)
}

/** Cuts a name or number to 40 characters, well-formed. */
export function clip(text: string): string {
  return text.length > QUOTED_CHARACTERS
    ? `${text.slice(0, QUOTED_CHARACTERS).toWellFormed()}…`
    : text.toWellFormed()
}

/** Plain in any realm: no prototype, or one that has none itself (`Object.prototype` of some window). */
function isPlainObject(value: object): boolean {
  if (Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function getterError(param: string): EmbeddingsError {
  const name = clip(param)
  return new EmbeddingsError('invalid_type', `'${name}' must be plain data, got a getter.`, { param: name })
}

function guardRead<T>(param: string | null, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof EmbeddingsError) throw cause
    const name = param === null ? 'The request body' : `'${param}'`
    throw new EmbeddingsError('invalid_type', `${name} must be plain data, but reading it threw.`, {
      param,
      cause,
    })
  }
}
