/** The inputs of one request as token ids: equal ones once, in portions between which the thread looks at its messages. */

import type { Tokenizer } from '../engine/tokenizer.ts'
import type { WaitingText } from '../engine/waiting-texts.ts'
import type { EmbeddingRequest } from '../openai/validate.ts'

/** Milliseconds of tokenizing after which the worker looks at its messages again. */
const SLICE = 16

/** An input that equals an earlier one. */
export interface RepeatedInput {
  position: number
  /** Position of the first input with the same tokens. */
  first: number
  tokens: number
}

/** Tokenizes the inputs of one request, once. */
export class RequestTexts {
  /** Tokens of all inputs so far, equal ones counted each time, special tokens included. */
  tokens = 0
  /** Found so far. */
  readonly repeated: RepeatedInput[] = []
  readonly #request: EmbeddingRequest
  readonly #tokenizer: Tokenizer
  readonly #prompt: string
  /** The first input of each text, and of each sequence of tokens: two texts may differ in what the tokenizer drops. */
  readonly #byText = new Map<string, WaitingText>()
  readonly #byTokens = new Map<string, WaitingText>()

  /** @param prompt goes before every input */
  constructor(request: EmbeddingRequest, tokenizer: Tokenizer, prompt: string) {
    this.#request = request
    this.#tokenizer = tokenizer
    this.#prompt = prompt
  }

  /** Name of an input, for errors. */
  nameOf(position: number): string {
    return this.#request.input.lone ? 'input' : `input[${String(position)}]`
  }

  /**
   * The distinct inputs, in portions.
   *
   * @throws EmbeddingsError as the tokenizer does, naming the input; the signal's reason
   */
  async *portions(signal: AbortSignal): AsyncGenerator<WaitingText[], void, undefined> {
    const { length } = this.#request.input.items
    let portion: WaitingText[] = []
    let end = performance.now() + SLICE
    for (let position = 0; position < length; position++) {
      const text = this.#add(position)
      if (text !== null) portion.push(text)
      if (performance.now() <= end || position === length - 1) continue
      yield portion
      portion = []
      await new Promise((resolve) => setTimeout(resolve, 0))
      signal.throwIfAborted()
      end = performance.now() + SLICE
    }
    yield portion
  }

  /** Null: it equals an earlier one. */
  #add(position: number): WaitingText | null {
    const { input, truncate } = this.#request
    const options = { truncate, item: this.nameOf(position) }
    if (input.kind === 'text') {
      const text = input.items[position] ?? ''
      const first = this.#byText.get(text)
      if (first !== undefined) return this.#repeat(position, first)
      const tokens = this.#tokenizer.encodeText(this.#prompt + text, options)
      const waiting = { position, tokens }
      if (!input.lone) this.#byText.set(text, waiting)
      return this.#unlessRepeated(waiting)
    }
    const tokens = this.#tokenizer.encodeTokens(input.items[position] ?? [], {
      ...options,
      prompt: this.#prompt,
    })
    return this.#unlessRepeated({ position, tokens })
  }

  #unlessRepeated(text: WaitingText): WaitingText | null {
    if (this.#request.input.items.length > 1) {
      const key = text.tokens.join()
      const first = this.#byTokens.get(key)
      if (first !== undefined) return this.#repeat(text.position, first)
      this.#byTokens.set(key, text)
    }
    this.tokens += text.tokens.length
    return text
  }

  #repeat(position: number, { position: first, tokens }: WaitingText): null {
    this.tokens += tokens.length
    this.repeated.push({ position, first, tokens: tokens.length })
    return null
  }
}
