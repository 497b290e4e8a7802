/** Text into pieces that should stay whole: paragraphs, then sentences, with offsets. */

/** Part of a text: `text.slice(start, end)`, in UTF-16 code units. */
export interface Span {
  start: number
  end: number
}

/** A sentence, and whether a paragraph ends with it. */
export interface Sentence extends Span {
  endsParagraph: boolean
}

/** Characters given to the segmenter at once. */
const WINDOW = 16_384

/** Blank lines, whatever white space they hold. */
const PARAGRAPH_BREAK = /\r?\n[^\S\n]*\r?\n\s*|\u2029/gu

/** A line break inside a paragraph, unless a list item, heading, quotation or table row begins after it. */
const SOFT_LINE_BREAK = /\r?\n(?![^\S\n]*(?:[#>*+\-|•]|\d+[.)]))/gu

/** After these a full stop ends no sentence: titles, and single capitals as in `J. F. Kennedy` and `U. S.` */
const ABBREVIATION =
  /(?:^|[\s("“‘'])(?:Mr|Mrs|Ms|Messrs|Dr|Prof|Gen|Col|Capt|Lt|Sen|Rep|Gov|Hon|Rev|St|No|vs|etc|cf|[A-Z])\.\s*$/u

/** Where there is no `Intl.Segmenter`: up to and with closing punctuation, quotation marks and white space. */
const SENTENCE = /[^.!?。！？]*(?:[.!?]+["'”’)\]]*(?:\s+|$)|[。！？]+["'”’」』)\]]*\s*|[.!?]+)|[^.!?。！？]+$/gu

/**
 * Sentences of a text in order. They touch each other and cover every paragraph; only blank lines lie between.
 * Sentence bounds come from `Intl.Segmenter` (Unicode UAX #29) where there is one, with two corrections: a title
 * or an initial (`Mr.`, `J.`) ends no sentence, and neither does a line break in hard-wrapped prose.
 *
 * @param locale BCP 47 tag for `Intl.Segmenter`; the default of the environment when absent
 */
export function* sentences(text: string, locale?: string): Generator<Sentence> {
  for (const paragraph of paragraphs(text)) {
    let { start } = paragraph
    for (const end of paragraphSentenceEnds(text, paragraph, locale)) {
      if (end < paragraph.end && ABBREVIATION.test(text.slice(Math.max(start, end - 16), end))) continue
      yield { start, end, endsParagraph: end === paragraph.end }
      start = end
    }
  }
}

/** Works in windows, so that the first sentence of a paragraph of megabytes does not wait for the last. */
function* paragraphSentenceEnds(text: string, paragraph: Span, locale: string | undefined): Generator<number> {
  let window = WINDOW
  let { start } = paragraph
  while (start < paragraph.end) {
    const stop = Math.min(start + window, paragraph.end)
    const flat = text.slice(start, stop).replace(SOFT_LINE_BREAK, (lineBreak) => ' '.repeat(lineBreak.length))
    let last = start
    for (const end of sentenceEnds(flat, locale)) {
      // What ends with the window may only have been cut off by it.
      if (start + end === stop && stop < paragraph.end) break
      last = start + end
      yield last
    }
    window = last === start ? 2 * window : WINDOW
    start = last
  }
}

function* paragraphs(text: string): Generator<Span> {
  let start = 0
  for (const match of text.matchAll(PARAGRAPH_BREAK)) {
    if (match.index > start) yield { start, end: match.index }
    start = match.index + match[0].length
  }
  if (start < text.length) yield { start, end: text.length }
}

/** Ends of sentences, the last of which is the end of the text. */
function* sentenceEnds(text: string, locale: string | undefined): Generator<number> {
  if (typeof Intl !== 'undefined' && 'Segmenter' in Intl) {
    for (const { index, segment } of new Intl.Segmenter(locale, { granularity: 'sentence' }).segment(text)) {
      yield index + segment.length
    }
    return
  }
  let end = 0
  for (const match of text.matchAll(SENTENCE)) {
    if (match[0] === '') continue
    end = match.index + match[0].length
    yield end
  }
  if (end < text.length) yield text.length
}
