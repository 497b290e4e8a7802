/** Text to token ids, by the model's own tokenizer. The only file that imports the tokenizer package. */

import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { EmbeddingsError } from '../openai/errors.ts'

export interface TokenizerOptions {
  /** Limit of an input in tokens, special tokens included. */
  maxTokens: number
  vocabSize: number
}

/** Cut a longer input at the limit, or refuse it; `item` is its place in the request, for the error. */
export interface EncodeOptions {
  truncate: boolean
  /** Name of the item in the request, such as `input[3]`. */
  item: string
}

/**
 * One model's tokenizer. A `tokenizer.json` may carry `padding` and `truncation` sections (all-MiniLM-L6-v2 pads to
 * 128 and cuts there); both are ignored, the recipe's limit counts.
 */
export class Tokenizer {
  readonly #tokenizer: HuggingFaceTokenizer
  readonly #options: TokenizerOptions
  /** Special tokens that the model puts before and after every text. */
  readonly #prefix: readonly number[]
  readonly #suffix: readonly number[]

  /** @throws EmbeddingsError `bad_model_file` when the JSON is no tokenizer */
  constructor(tokenizerJson: unknown, tokenizerConfig: unknown, options: TokenizerOptions) {
    try {
      this.#tokenizer = new HuggingFaceTokenizer(tokenizerJson as object, tokenizerConfig as object)
      const probe = 'a'
      const bare = this.#tokenizer.encode(probe, { add_special_tokens: false }).ids
      const full = this.#tokenizer.encode(probe, { add_special_tokens: true }).ids
      if (bare.length === 0) throw new Error(`the text ${JSON.stringify(probe)} has no tokens`)
      if (!full.every(Number.isInteger))
        throw new Error(`the text ${JSON.stringify(probe)} has tokens without an id`)
      const start = indexOfRun(full, bare)
      this.#prefix = full.slice(0, start)
      this.#suffix = full.slice(start + bare.length)
    } catch (error) {
      throw unreadable(describe(error), error)
    }
    this.#options = options
  }

  /**
   * Token ids of a text, special tokens included.
   *
   * @throws EmbeddingsError `context_length_exceeded` when the text is longer and `truncate` is false
   */
  encodeText(text: string, options: EncodeOptions): Int32Array {
    return this.#wrap(this.#encode(text), options)
  }

  #encode(text: string): number[] {
    const { ids } = this.#tokenizer.encode(text, { add_special_tokens: false })
    // The package gives undefined where a model type that it does not know (WordLevel) has no id for a word.
    if (!ids.every(Number.isInteger)) throw unreadable('it gives no id for a part of a text')
    return ids
  }

  /**
   * Token ids that the caller made with this model's tokenizer. Special tokens are added as for a text, unless the
   * array already begins and ends with them.
   *
   * @throws EmbeddingsError `invalid_token` for an id outside the vocabulary, `context_length_exceeded`
   */
  encodeTokens(tokens: readonly number[], options: EncodeOptions & { prompt: string }): Int32Array {
    const { vocabSize } = this.#options
    const outside = tokens.findIndex((id) => id >= vocabSize)
    if (outside >= 0) {
      const param = `${options.item}[${String(outside)}]`
      throw new EmbeddingsError(
        'invalid_token',
        `${param} is ${String(tokens[outside])}; the model's vocabulary has ids from 0 to ${String(vocabSize - 1)}.`,
        { param },
      )
    }
    const content = this.#hasSpecialTokens(tokens) ? this.#stripSpecialTokens(tokens) : tokens
    const prompt = options.prompt === '' ? [] : this.#encode(options.prompt)
    return this.#wrap([...prompt, ...content], options)
  }

  #hasSpecialTokens(tokens: readonly number[]): boolean {
    return (
      this.#prefix.length + this.#suffix.length > 0 &&
      tokens.length >= this.#prefix.length + this.#suffix.length &&
      this.#prefix.every((id, index) => tokens[index] === id) &&
      this.#suffix.every((id, index) => tokens[tokens.length - this.#suffix.length + index] === id)
    )
  }

  #stripSpecialTokens(tokens: readonly number[]): readonly number[] {
    return tokens.slice(this.#prefix.length, tokens.length - this.#suffix.length)
  }

  #wrap(content: readonly number[], { truncate, item }: EncodeOptions): Int32Array {
    const { maxTokens } = this.#options
    const special = this.#prefix.length + this.#suffix.length
    const total = content.length + special
    if (total > maxTokens && !truncate) {
      throw new EmbeddingsError(
        'context_length_exceeded',
        `This model's maximum context length is ${String(maxTokens)} tokens, special tokens included; ${item} has ` +
          `${String(total)}. Shorten it, split it, or pass truncate: true.`,
        { param: item },
      )
    }
    // Content is cut on the right and the special tokens stay, as the reference tokenizers truncate.
    const kept = Math.min(content.length, maxTokens - special)
    const ids = new Int32Array(kept + special)
    ids.set(this.#prefix)
    for (let index = 0; index < kept; index++) ids[this.#prefix.length + index] = content[index] ?? 0
    ids.set(this.#suffix, this.#prefix.length + kept)
    return ids
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function unreadable(reason: string, cause?: unknown): EmbeddingsError {
  const message = `tokenizer.json is not a tokenizer this library can read: ${reason}.`
  return new EmbeddingsError('bad_model_file', message, { cause })
}

function indexOfRun(ids: readonly number[], run: readonly number[]): number {
  for (let start = 0; start + run.length <= ids.length; start++) {
    if (run.every((id, index) => ids[start + index] === id)) return start
  }
  throw new Error('the special-token template does not keep the text in one piece')
}
