/** Untrusted JSON, read field by field: whatever is wrong is named by its file and path. */

import { EmbeddingsError } from '../openai/errors.ts'

/** One field of a JSON file with its path, for messages. */
export class JsonField {
  readonly value: unknown
  readonly path: string
  readonly #file: string

  private constructor(value: unknown, path: string, file: string) {
    this.value = value
    this.path = path
    this.#file = file
  }

  /** @param file name of the file, which begins every message */
  static root(value: unknown, file: string): JsonField {
    return new JsonField(value, '', file)
  }

  /** True for a field that is not there, and for `null`, which the files of models use for the same. */
  get isAbsent(): boolean {
    return this.value === undefined || this.value === null
  }

  /** @throws EmbeddingsError `bad_model_file`: file, field, what it must be and what it is */
  fail(expected: string): never {
    const came = this.value === undefined ? 'missing' : JSON.stringify(this.value).slice(0, 60)
    const place = this.path === '' ? 'the file' : this.path
    throw new EmbeddingsError('bad_model_file', `${this.#file}: ${place} must be ${expected}; it is ${came}.`)
  }

  at(key: string): JsonField {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) this.fail('an object')
    const value = Object.hasOwn(this.value, key) ? (this.value as Record<string, unknown>)[key] : undefined
    return new JsonField(value, this.path === '' ? key : `${this.path}.${key}`, this.#file)
  }

  list(): JsonField[] {
    if (!Array.isArray(this.value)) this.fail('an array')
    return this.value.map(
      (value: unknown, index) => new JsonField(value, `${this.path}[${String(index)}]`, this.#file),
    )
  }

  /** The fields of an object by their keys. */
  entries(): [string, JsonField][] {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) this.fail('an object')
    return Object.keys(this.value).map((key) => [key, this.at(key)])
  }

  /** A string, empty or not. */
  string(): string {
    return typeof this.value === 'string' ? this.value : this.fail('a string')
  }

  text(): string {
    return typeof this.value === 'string' && this.value !== '' ? this.value : this.fail('a string that is not empty')
  }

  flag(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.fail('true or false')
  }

  integer(least: number, most: number): number {
    const { value } = this
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
    return this.fail(`an integer from ${String(least)} to ${String(most)}`)
  }

  oneOf<T extends string>(choices: readonly T[]): T {
    return choices.find((choice) => choice === this.value) ?? this.fail(`one of ${choices.join(', ')}`)
  }

  matching(pattern: RegExp, description: string): string {
    return typeof this.value === 'string' && pattern.test(this.value) ? this.value : this.fail(description)
  }
}
