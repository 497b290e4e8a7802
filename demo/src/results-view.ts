/** Hits as cards. */

import { matchingWords, type Span } from 'browser-embeddings/search'
import { byId, el } from './dom.ts'
import { textOf, type Hit } from './searcher.ts'

/** The list of results, and moving through it by keyboard. */
export class ResultsView {
  readonly #list = byId('results', HTMLOListElement)
  readonly #onLeave: () => void
  #cards: { hit: Hit; words: Span[]; passage: HTMLElement }[] = []

  /** @param onLeave called when the user goes up from the first result, or presses Escape */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave
    this.#list.addEventListener('keydown', (event) => this.#move(event))
  }

  show(hits: readonly Hit[], query: string): void {
    this.#cards = hits.map((hit) => {
      const words = matchingWords(textOf(hit), query, 'en')
      return { hit, words, passage: el('p', { class: 'passage' }, ...marked(textOf(hit), words, null)) }
    })
    this.#list.replaceChildren(...this.#cards.map(({ hit, passage }, rank) => card(hit, passage, rank)))
  }

  /** Tints the nearest sentence of each hit that is shown. */
  tint(sentences: readonly (Span | null)[]): void {
    this.#cards.forEach(({ hit, words, passage }, rank) => {
      passage.replaceChildren(...marked(textOf(hit), words, sentences[rank] ?? null))
    })
  }

  /** Puts the focus on a result. @returns false when there is none */
  focus(rank: number): boolean {
    const item = this.#items()[rank]
    item?.focus({ preventScroll: true })
    item?.scrollIntoView({ block: 'nearest' })
    return item !== undefined
  }

  #items(): HTMLElement[] {
    return [...this.#list.querySelectorAll<HTMLElement>('li')]
  }

  #move(event: KeyboardEvent): void {
    const { target, key } = event
    if (!(target instanceof HTMLElement)) return
    const rank = this.#items().findIndex((item) => item.contains(target))
    if (key === 'Escape' || (key === 'ArrowUp' && rank === 0)) this.#onLeave()
    else if (key === 'ArrowUp') this.focus(rank - 1)
    else if (key === 'ArrowDown') this.focus(rank + 1)
    else if (key === 'Enter' && target.matches('li'))
      target.querySelector<HTMLButtonElement>('button.context')?.click()
    else return
    event.preventDefault()
  }
}

interface Face {
  /** What stands large at the head of the card. */
  lead: string
  title: string
  detail: string
  /** The whole text that the passage is a part of. */
  whole: string
}

function faceOf(hit: Hit): Face {
  if (hit.source === 'own') {
    const { document, position } = hit.passage
    const detail = `Your text · passage ${String(position + 1)} of ${String(document.passages)}`
    return { lead: '', title: document.name, detail, whole: document.text }
  }
  const { address, position, of } = hit.passage
  const detail = `${address.party} · passage ${String(position + 1)} of ${String(of)}`
  return { lead: String(address.year), title: address.president, detail, whole: address.text }
}

function card(hit: Hit, passage: HTMLElement, rank: number): HTMLLIElement {
  const { lead, title, detail, whole } = faceOf(hit)
  const id = `result-${String(rank)}`
  const before = el('p', { class: 'context-text', hidden: true }, excerptBefore(whole, hit.passage.start))
  const after = el('p', { class: 'context-text', hidden: true }, excerptAfter(whole, hit.passage.end))
  const button = el('button', {
    type: 'button',
    class: 'context',
    'aria-expanded': 'false',
    'aria-describedby': id,
  })
  button.textContent = 'Show context'
  button.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') !== 'true'
    button.setAttribute('aria-expanded', String(open))
    button.textContent = open ? 'Hide context' : 'Show context'
    before.hidden = !open || before.textContent === ''
    after.hidden = !open || after.textContent === ''
  })
  button.hidden = before.textContent === '' && after.textContent === ''
  const heading = el('h3', { id }, ...(lead === '' ? [] : [el('span', { class: 'year' }, lead), ' ']), title)
  return el(
    'li',
    { class: `card ${hit.source}`, tabindex: '-1', 'aria-labelledby': id },
    el('div', { class: 'head' }, heading, el('p', { class: 'detail' }, detail), scoreOf(hit.score)),
    before,
    passage,
    after,
    button,
  )
}

function scoreOf(score: number): HTMLElement {
  const bar = el('span', { class: 'score-bar', 'aria-hidden': 'true' }, el('span'))
  bar.style.setProperty('--score', `${String(Math.round(100 * Math.max(0, score)))}%`)
  const text = el('span', { class: 'score-value' }, score.toFixed(3))
  return el(
    'p',
    { class: 'score', title: 'Cosine similarity of the passage and your query, at most 1' },
    bar,
    el('span', { class: 'sr-only' }, 'Similarity '),
    text,
  )
}

const CONTEXT = 700

/** What comes before the passage, from the start of a sentence where one begins. */
function excerptBefore(whole: string, start: number): string {
  const from = Math.max(0, start - CONTEXT)
  const part = whole.slice(from, start).trim()
  if (from === 0) return part
  const sentence = /[.!?]["”]?\s+(?=["“]?[A-Z])/u.exec(part)
  return `… ${sentence === null ? part : part.slice(sentence.index + sentence[0].length)}`
}

function excerptAfter(whole: string, end: number): string {
  const part = whole.slice(end, end + CONTEXT).trim()
  if (end + CONTEXT >= whole.length) return part
  const sentence = /^[^]*[.!?]["”]?(?=\s)/u.exec(part)
  return `${sentence === null ? part : sentence[0]} …`
}

/** Text with words marked and one sentence tinted. */
function marked(text: string, words: readonly Span[], sentence: Span | null): Node[] {
  if (sentence === null) return withWords(text, words, 0, text.length)
  const key = el('span', { class: 'key' }, ...withWords(text, words, sentence.start, sentence.end))
  return [
    ...withWords(text, words, 0, sentence.start),
    key,
    ...withWords(text, words, sentence.end, text.length),
  ]
}

function withWords(text: string, words: readonly Span[], from: number, to: number): Node[] {
  const nodes: Node[] = []
  let at = from
  for (const { start, end } of words) {
    if (start < from || end > to) continue
    nodes.push(document.createTextNode(text.slice(at, start)), el('mark', {}, text.slice(start, end)))
    at = end
  }
  nodes.push(document.createTextNode(text.slice(at, to)))
  return nodes
}
