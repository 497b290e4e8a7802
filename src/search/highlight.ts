import type { Span } from './sentences.ts'

/** Words that say nothing about a topic. English only: in other languages every word of two letters or more counts. */
const STOP_WORDS = new Set(
  (
    'a about after again against all an and any are as at be been before being between but by can could did do does ' +
    'during for from had has have he her his how i if in into is it its me more most my no not of on or our out over ' +
    'she should so some than that the their them then there these they this those through to under up us was we were ' +
    'what when where which while who whom why will with would you your'
  ).split(' '),
)

/** English endings that leave a word the same word. */
const ENDINGS = new Set(['', 's', 'es', 'd', 'ed', 'ing', 'er', 'ers', 'ly'])

const MARKS = /\p{M}+/gu
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu

interface Word extends Span {
  /** Lower case, without accents and possessive `'s`. */
  folded: string
}

/**
 * Where a text uses the words of a query, also in another form: `slaves` finds `slavery`, `freeing` finds `freed`.
 * Two words count as forms of one when nothing but English endings sets them apart (`-s`, `-ed`, `-ing`, …), or when
 * they share at least five letters that make up two thirds of the longer word, which serves any language that inflects
 * at the end. No stemmer and no dictionary: cheap, and now and then wrong. It shows words in common and nothing
 * more: a passage found by its meaning alone may have none.
 *
 * @param locale BCP 47 tag for finding words with `Intl.Segmenter`, which languages without spaces need; where there
 *   is none, words are runs of letters and digits
 * @returns spans in the order of the text, in UTF-16 code units, none overlapping
 */
export function matchingWords(text: string, query: string, locale?: string): Span[] {
  const wanted = words(query, locale)
    .map((word) => word.folded)
    .filter((word) => word.length > 1 && !STOP_WORDS.has(word))
  if (wanted.length === 0) return []
  return words(text, locale)
    .filter(({ folded }) => wanted.some((word) => areForms(word, folded)))
    .map(({ start, end }) => ({ start, end }))
}

function areForms(a: string, b: string): boolean {
  if (a === b) return true
  let shared = 0
  while (shared < a.length && a[shared] === b[shared]) shared++
  if (shared >= 5 && shared * 3 >= Math.max(a.length, b.length) * 2) return true
  // The stem may end a letter before the words part: `free|d`, `free|s`, but `us|ed`, `us|es`.
  return [shared, shared - 1].some(
    (stem) => stem >= 3 && ENDINGS.has(a.slice(stem)) && ENDINGS.has(b.slice(stem)),
  )
}

function words(text: string, locale: string | undefined): Word[] {
  const found: Word[] = []
  const add = (start: number, word: string): void => {
    const folded = word
      .normalize('NFD')
      .replace(MARKS, '')
      .toLowerCase()
      .replace(/['’]s?$/u, '')
    found.push({ start, end: start + word.length, folded })
  }
  if (typeof Intl !== 'undefined' && 'Segmenter' in Intl) {
    for (const part of new Intl.Segmenter(locale, { granularity: 'word' }).segment(text)) {
      if (part.isWordLike === true) add(part.index, part.segment)
    }
  } else {
    for (const match of text.matchAll(WORD)) add(match.index, match[0])
  }
  return found
}
