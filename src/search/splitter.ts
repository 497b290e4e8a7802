import { EmbeddingsError } from '../openai/errors.ts'
import { sentences, type Sentence, type Span } from './sentences.ts'

/** A part of a text that is embedded, stored and found as one. */
export interface Passage extends Span {
  /** Exactly `text.slice(start, end)`; begins and ends with something other than white space. */
  text: string
}

/** How long passages should be. Lengths are in characters (UTF-16 code units, as in `string.length`). */
export interface SplitOptions {
  /**
   * Length to come close to. English text has about 4.5 characters a token, so 900 stay within the 256 tokens of
   * all-MiniLM-L6-v2.
   * @default 900
   */
  targetLength?: number | undefined
  /** No passage is longer. A sentence that is longer is cut between words, and a word that is longer is cut. @default 1.5 × targetLength */
  maxLength?: number | undefined
  /** How much of the end of a passage is repeated at the start of the next, in whole sentences. @default 0 */
  overlap?: number | undefined
  /** BCP 47 tag for finding sentences. @default the environment's */
  locale?: string | undefined
}

interface Limits {
  target: number
  max: number
  overlap: number
}

/**
 * Cuts a text into passages at paragraph and sentence ends.
 *
 * Passages come in the order of the text and lose nothing: between two of them, and at both ends, lies only white
 * space. With `overlap` 0 no two share a character. A paragraph end closes a passage that has reached half the
 * target; a short rest at the end joins the last passage where the maximum allows it. Sentences are found as
 * {@link https://www.unicode.org/reports/tr29/ UAX #29} says where the environment has `Intl.Segmenter`, else by
 * their closing punctuation.
 *
 * @returns no passage for a text without anything but white space
 * @throws {EmbeddingsError} 400 `invalid_value` when a length is out of range: 1 ≤ `targetLength` ≤ `maxLength`,
 *   2 ≤ `maxLength`, 0 ≤ `overlap` < `targetLength`
 */
export function splitText(text: string, options: SplitOptions = {}): Passage[] {
  return [...passagesOf(text, options)]
}

/**
 * The same passages as {@link splitText}, one by one, so that a page may cut a long text without blocking.
 *
 * @throws {EmbeddingsError} as {@link splitText}, at the first step
 */
export function* passagesOf(text: string, options: SplitOptions = {}): Generator<Passage> {
  const limits = checkLimits(options)
  for (const { start, end } of joinShortRest(pack(pieces(text, limits.max, options.locale), limits), limits)) {
    yield { text: text.slice(start, end), start, end }
  }
}

function checkLimits(options: SplitOptions): Limits {
  const target = options.targetLength ?? 900
  const max = options.maxLength ?? Math.ceil(1.5 * target)
  const overlap = options.overlap ?? 0
  requireInteger('targetLength', target, 1, Infinity)
  // A character outside the basic plane takes two code units, and must not be cut in half.
  requireInteger('maxLength', max, Math.max(2, target), Infinity)
  requireInteger('overlap', overlap, 0, target - 1)
  return { target, max, overlap }
}

function requireInteger(name: string, value: number, lowest: number, highest: number): void {
  if (Number.isSafeInteger(value) && value >= lowest && value <= highest) return
  const range = highest === Infinity ? `of at least ${lowest}` : `from ${lowest} to ${highest}`
  throw new EmbeddingsError('invalid_value', `${name} must be an integer ${range}, got ${value}`, {
    param: name,
  })
}

/** Sentences without white space around them, none longer than `max`. */
function* pieces(text: string, max: number, locale: string | undefined): Generator<Sentence> {
  for (const sentence of sentences(text, locale)) {
    let { start } = trim(text, sentence)
    const { end } = trim(text, sentence)
    while (end - start > max) {
      const cut = start + cutWithin(text.slice(start, start + max + 1), max)
      yield { ...trim(text, { start, end: cut }), endsParagraph: false }
      start = trim(text, { start: cut, end }).start
    }
    if (end > start) yield { start, end, endsParagraph: sentence.endsParagraph }
  }
}

/** Where to cut a sentence that is too long: after a clause, else between words, else anywhere but in a character. */
function cutWithin(text: string, max: number): number {
  const clause = /^[^]*[;:,—–、，；：]\s/u.exec(text)?.[0].length ?? 0
  if (clause > max / 2) return Math.min(clause, max)
  const word = /^[^]*\s/u.exec(text)?.[0].length ?? 0
  if (word > max / 2) return Math.min(word, max)
  const splitsPair = /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(text.slice(max - 1, max + 1))
  return splitsPair ? max - 1 : max
}

/** Joins sentences to passages, in one pass. */
function* pack(units: Iterable<Sentence>, { target, max, overlap }: Limits): Generator<Span> {
  let current: Sentence[] = []
  /** Sentences of `current` that no passage has had yet. */
  let fresh = 0
  for (const unit of units) {
    if (fresh > 0 && !mayTake(spanOf(current), unit, target, max)) {
      yield spanOf(current)
      current = tail(current, overlap)
      fresh = 0
    }
    // The repeated end of the passage before gives way where the new sentence needs its room.
    while (fresh === 0 && current.length > 0 && unit.end - current[0]!.start > max) current.shift()
    current.push(unit)
    fresh++
    if (unit.endsParagraph && unit.end - current.at(-fresh)!.start >= target / 2) {
      yield spanOf(current)
      current = tail(current, overlap)
      fresh = 0
    }
  }
  if (fresh > 0) yield spanOf(current)
}

/** Whether the passage comes closer to the target with the unit than without it, and stays within the maximum. */
function mayTake(passage: Span, unit: Span, target: number, max: number): boolean {
  const before = passage.end - passage.start
  const after = unit.end - passage.start
  return after <= max && after - target <= target - before
}

/** The last whole sentences that together are no longer than `length`. */
function tail(units: Sentence[], length: number): Sentence[] {
  const end = units.at(-1)!.end
  return units.filter((unit) => end - unit.start <= length)
}

/** Lets a last passage of less than a third of the target join the one before. */
function* joinShortRest(spans: Iterable<Span>, { target, max }: Limits): Generator<Span> {
  let previous: Span | undefined
  let last: Span | undefined
  for (const span of spans) {
    if (previous !== undefined) yield previous
    previous = last
    last = span
  }
  if (last === undefined) return
  if (previous !== undefined && last.end - previous.end < target / 3 && last.end - previous.start <= max) {
    yield { start: previous.start, end: last.end }
    return
  }
  if (previous !== undefined) yield previous
  yield last
}

function spanOf(units: Sentence[]): Span {
  return { start: units[0]!.start, end: units.at(-1)!.end }
}

function trim(text: string, { start, end }: Span): Span {
  const part = text.slice(start, end)
  return {
    start: start + part.length - part.trimStart().length,
    end: end - part.length + part.trimEnd().length,
  }
}
