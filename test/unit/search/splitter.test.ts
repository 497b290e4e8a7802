import { readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { EmbeddingsError } from '../../../src/openai/errors.ts'
import { passagesOf, splitText, type SplitOptions } from '../../../src/search/splitter.ts'

const withoutSpace = (text: string): string => text.replaceAll(/\s+/gu, '')

/** What every result must be, whatever the text. */
function checkInvariants(text: string, options: SplitOptions): void {
  const passages = splitText(text, options)
  const max = options.maxLength ?? Math.ceil(1.5 * (options.targetLength ?? 900))
  for (const passage of passages) {
    expect(passage.text).toBe(text.slice(passage.start, passage.end))
    expect(passage.text).toBe(passage.text.trim())
    expect(passage.text).not.toBe('')
    expect(passage.text.length).toBeLessThanOrEqual(max)
    expect(passage.text.isWellFormed()).toBe(text.isWellFormed())
  }
  let covered = 0
  for (const { start, end } of passages) {
    expect(end).toBeGreaterThan(covered)
    expect(withoutSpace(text.slice(covered, Math.max(start, covered)))).toBe('')
    if ((options.overlap ?? 0) === 0) expect(start).toBeGreaterThanOrEqual(covered)
    covered = end
  }
  expect(withoutSpace(text.slice(covered))).toBe('')
}

/** Deterministic noise: words, sentences, blank lines, list items, astral characters, runs without space. */
function noise(seed: number): string {
  let state = seed
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state % below
  }
  const parts = [
    'word ',
    'Mr. Smith ',
    'end. ',
    'Why? ',
    '\n',
    '\n\n',
    '\r\n\r\n',
    ' \t',
    '- item\n',
    '😀',
    '日本語。',
    'x'.repeat(70),
    '; ',
    'É',
    '“Yes.” ',
  ]
  return Array.from({ length: 5 + random(200) }, () => parts[random(parts.length)]!).join('')
}

const texts: Record<string, string> = {
  'white space only': ' \n\n\t ',
  'one sentence': 'The state of the Union is strong.',
  'a word longer than the maximum': 'a'.repeat(5000),
  'astral characters only': '😀'.repeat(1000),
  'hard-wrapped prose': 'We hold these truths\nto be self-evident, that\nall men are created equal.\n'.repeat(
    40,
  ),
  markdown: '# Title\n\nText one. Text two.\n\n- item one\n- item two\n\n## Next\n\nMore text.\n'.repeat(20),
  'no closing punctuation': 'word '.repeat(2000),
  'license text': readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8').slice(0, 20_000),
}

describe.each(Object.entries(texts))('splitText on %s', (_name, text) => {
  it.each([
    {},
    { targetLength: 40, maxLength: 60 },
    { targetLength: 200, overlap: 80 },
    { targetLength: 1, maxLength: 2 },
    { targetLength: 300, maxLength: 300, overlap: 299 },
  ])('loses and reorders nothing with %o', (options) => {
    checkInvariants(text, options)
  })
})

describe('splitText', () => {
  it('keeps its promises on 300 random texts, with Intl.Segmenter and without', () => {
    for (let seed = 1; seed <= 300; seed++) {
      checkInvariants(noise(seed), { targetLength: 20 + (seed % 200), overlap: seed % 20 })
    }
    const intl = Intl
    vi.stubGlobal('Intl', Object.create(intl, { Segmenter: { value: undefined } }))
    vi.stubGlobal('Intl', { DateTimeFormat: intl.DateTimeFormat })
    try {
      for (let seed = 1; seed <= 300; seed++) checkInvariants(noise(seed), { targetLength: 20 + (seed % 200) })
      expect(
        splitText('One is here. Two is "there." Three', { targetLength: 10 }).map(({ text }) => text),
      ).toEqual(['One is here.', 'Two is "there."', 'Three'])
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it('cuts between sentences, not after titles and initials', () => {
    const text = 'Mr. Smith met J. F. Kennedy. They spoke at length. Dr. King was there too.'
    expect(splitText(text, { targetLength: 20, maxLength: 60 }).map((passage) => passage.text)).toEqual([
      'Mr. Smith met J. F. Kennedy.',
      'They spoke at length.',
      'Dr. King was there too.',
    ])
  })

  it('closes a passage at a paragraph end that has reached half the target', () => {
    const text = `${'a'.repeat(59)}.\n\n${'b'.repeat(59)}.\n\n${'c'.repeat(59)}.`
    expect(splitText(text, { targetLength: 120 })).toHaveLength(3)
    expect(splitText(text, { targetLength: 180, maxLength: 200 })).toHaveLength(2)
  })

  it('does not take the line breaks of hard-wrapped prose for sentence ends', () => {
    const text = 'The sum of all\nthe parts is\nmore. And that\nis all.'
    expect(splitText(text, { targetLength: 20, maxLength: 40 }).map((passage) => passage.text)).toEqual([
      'The sum of all\nthe parts is\nmore.',
      'And that\nis all.',
    ])
  })

  it('repeats whole sentences with an overlap', () => {
    const sentences = Array.from({ length: 9 }, (_, index) => `This is sentence ${index}.`)
    const passages = splitText(sentences.join(' '), { targetLength: 62, maxLength: 62, overlap: 25 })
    passages.slice(1).forEach((passage, index) => {
      const before = passages[index]!
      expect(passage.start).toBeLessThan(before.end)
      expect(sentences).toContain(before.text.slice(passage.start - before.start))
    })
  })

  it('lets a short rest join the last passage', () => {
    const passages = splitText(`${'word '.repeat(18)}end. ${'word '.repeat(18)}end. The end.`, {
      targetLength: 95,
    })
    expect(passages).toHaveLength(2)
    expect(passages[1]!.text).toMatch(/The end\.$/)
  })

  it('cuts a sentence that is too long after a clause, else between words', () => {
    expect(splitText('one two three four, five six seven', { targetLength: 24, maxLength: 24 })[0]!.text).toBe(
      'one two three four,',
    )
    expect(splitText('one two three four five six seven', { targetLength: 24, maxLength: 24 })[0]!.text).toBe(
      'one two three four five',
    )
  })

  it('finds the same sentences in a paragraph of many windows', () => {
    const sentence = 'A sentence of some words. '
    const passages = splitText(sentence.repeat(10_000), { targetLength: 25, maxLength: 40 })
    expect(passages).toHaveLength(10_000)
    expect(passages.every((passage, index) => passage.start === index * sentence.length)).toBe(true)
    expect(
      splitText(`${'long '.repeat(20_000)}end. Next.`, { targetLength: 99_990, maxLength: 200_000 }),
    ).toHaveLength(1)
  })

  it('gives passages one by one without reading the whole text first', () => {
    const segment = vi.spyOn(Intl.Segmenter.prototype, 'segment')
    const steps = passagesOf('A sentence of some words. '.repeat(100_000))
    expect(steps.next().value?.start).toBe(0)
    const read = segment.mock.calls.reduce((sum, [part]) => sum + part.length, 0)
    segment.mockRestore()
    expect(read).toBeLessThan(50_000)
  })

  it.each([
    [{ targetLength: 0 }, 'targetLength'],
    [{ targetLength: 1.5 }, 'targetLength'],
    [{ targetLength: 100, maxLength: 99 }, 'maxLength'],
    [{ targetLength: 100, overlap: 100 }, 'overlap'],
    [{ overlap: -1 }, 'overlap'],
    [{ targetLength: NaN }, 'targetLength'],
  ])('refuses %o, naming the option', (options, param) => {
    expect.assertions(2)
    try {
      splitText('text', options)
    } catch (error) {
      expect(error).toBeInstanceOf(EmbeddingsError)
      expect(error).toMatchObject({ code: 'invalid_value', status: 400, param })
    }
  })
})
