import { afterEach, describe, expect, it, vi } from 'vitest'
import { matchingWords } from '../../../src/search/highlight.ts'

const marked = (text: string, query: string): string[] =>
  matchingWords(text, query).map(({ start, end }) => text.slice(start, end))

describe.each(['with Intl.Segmenter', 'without'])('matchingWords %s', (mode) => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it.each([
    ['The slaves were freed.', 'freeing slavery', ['slaves', 'freed']],
    ['Landing on the Moon, he landed', 'moon landing', ['Landing', 'Moon', 'landed']],
    ['one of the states and a station', 'state', ['states']],
    ['a station', 'states', []],
    ['months and money', 'moon', []],
    ['the war and the wars', 'the war', ['war', 'wars']],
    ['café society', 'CAFE', ['café']],
    ['the President’s men', 'president', ['President’s']],
    ['of the and', 'what is the of and', []],
    ['nothing', '', []],
    ['', 'something', []],
    ['nuclear weapons', 'nuclear weapon treaties', ['nuclear', 'weapons']],
    ['in 1862 and 1863', '1863', ['1863']],
  ])('marks in %j for %j', (text, query, expected) => {
    if (mode === 'without') vi.stubGlobal('Intl', {})
    expect(marked(text, query)).toEqual(expected)
  })
})

it('matchingWords gives spans in order that do not overlap', () => {
  const spans = matchingWords('war war peace war', 'peace war')
  spans.slice(1).forEach((span, index) => {
    expect(span.start).toBeGreaterThanOrEqual(spans[index]!.end)
  })
  expect(spans).toHaveLength(4)
})
