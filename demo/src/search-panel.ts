/** The search field, its options, and what stands below it. */

import { byId, check, checkedValue, el } from './dom.ts'
import { DIMENSIONS } from './engine.ts'
import type { EngineView } from './engine-view.ts'
import { count, isAbort, milliseconds } from './format.ts'
import type { Notices } from './notices.ts'
import type { OwnText } from './own-text.ts'
import { ResultsView } from './results-view.ts'
import type { Searcher, SearchResult, Source } from './searcher.ts'
import { readSetting, writeSetting } from './settings.ts'

const EXAMPLES = [
  'freeing the slaves',
  'going to the moon',
  'nuclear weapons and the cold war',
  'rights of women',
  'a canal across the isthmus',
  'prices rise faster than wages',
  'caring for the wilderness',
  'terror attacks on our soil',
]

const PAGE = 10
const MOST = 50
/** After the last key; a query takes about as long. */
const TYPING_MS = 40
/** Long enough that sentences are not embedded for every word on the way. */
const IDLE_MS = 350

interface Parts {
  engineView: EngineView
  searcher: Searcher
  own: OwnText
  notices: Notices
  /** Called after longer work. */
  onWorked: () => void
}

export class SearchPanel {
  readonly #parts: Parts
  readonly #query = byId('query', HTMLInputElement)
  readonly #source = byId('source', HTMLFieldSetElement)
  readonly #dimensions = byId('dimensions', HTMLFieldSetElement)
  readonly #line = byId('line', HTMLElement)
  readonly #more = byId('more', HTMLButtonElement)
  readonly #results = new ResultsView(() => this.#query.focus())
  #topK = PAGE
  #offeredOwn = false
  #shown: SearchResult | undefined
  #running = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    check(this.#dimensions, readSetting('dimensions', DIMENSIONS.map(String), '384'))
    this.#listen()
    const examples = EXAMPLES.map((text) => {
      const button = el('button', { type: 'button' }, text)
      button.addEventListener('click', () => this.ask(text))
      return el('li', {}, button)
    })
    byId('examples', HTMLElement).replaceChildren(...examples)
    this.#showEmpty()
  }

  /** Types a query for the user. */
  ask(text: string): void {
    this.#query.value = text
    this.#query.focus()
    this.#topK = PAGE
    void this.run()
  }

  /** More of the user's text became searchable, or less. The first time it becomes part of the search. */
  ownChanged(): void {
    const { documents } = this.#parts.own
    if (documents.length > 0 && !this.#offeredOwn) {
      this.#offeredOwn = true
      if (checkedValue(this.#source) === 'corpus') check(this.#source, 'both')
    }
    if (checkedValue(this.#source) !== 'corpus') void this.#refresh()
  }

  #listen(): void {
    byId('search', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      void this.run()
    })
    this.#query.addEventListener('input', () => {
      this.#topK = PAGE
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => void this.run(), TYPING_MS)
    })
    this.#query.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowDown' && this.#results.focus(0)) event.preventDefault()
    })
    this.#source.addEventListener('change', () => void this.run())
    this.#dimensions.addEventListener('change', () => {
      writeSetting('dimensions', checkedValue(this.#dimensions) ?? '384')
      void this.run()
    })
    this.#more.addEventListener('click', () => {
      const first = this.#topK
      this.#topK = Math.min(MOST, this.#topK + PAGE)
      void this.run().then(() => this.#results.focus(first))
    })
    document.addEventListener('keydown', (event) => {
      const typing =
        event.target instanceof HTMLElement && event.target.matches('input:not([type=radio]), textarea')
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      this.#query.focus()
      this.#query.select()
    })
  }

  /** Searches for what stands in the field now; a search that still runs is given up. */
  async run(): Promise<void> {
    clearTimeout(this.#timer)
    this.stop()
    const { signal } = (this.#running = new AbortController())
    const request = this.#request()
    if (request === null) {
      this.#showEmpty()
      return
    }
    try {
      this.#line.classList.add('stale')
      const result = await this.#parts.searcher.search({ ...request, signal })
      this.#parts.notices.clear('search')
      this.#show(result)
      // Not awaited: it starts when the user has stopped typing.
      this.#tint(result, request.dimensions, signal).catch((error: unknown) => this.#report(error))
    } catch (error) {
      this.#report(error)
    }
  }

  /** Searches again in what changed meanwhile; leaves the page as it is when the same results come out. */
  async #refresh(): Promise<void> {
    const request = this.#request()
    if (request === null || request.query !== this.#shown?.query) {
      await this.run()
      return
    }
    const { signal } = this.#running
    try {
      const result = await this.#parts.searcher.search({ ...request, signal })
      if (isSame(result, this.#shown)) this.#showTimes(result)
      else await this.run()
    } catch (error) {
      this.#report(error)
    }
  }

  #request(): { query: string; source: Source; dimensions: number; topK: number } | null {
    const query = this.#query.value.trim()
    const source = (checkedValue(this.#source) ?? 'corpus') as Source
    if (query === '' || (source === 'own' && this.#parts.own.documents.length === 0)) return null
    return { query, source, dimensions: Number(checkedValue(this.#dimensions)), topK: this.#topK }
  }

  #report(error: unknown): void {
    // An engine or a corpus that failed has said so itself.
    if (isAbort(error) || this.#parts.notices.has('engine') || this.#parts.notices.has('corpus')) return
    this.#parts.notices.show('search', error, () => void this.run())
  }

  /** Gives up the search that runs, if any. */
  stop(): void {
    this.#running.abort(new DOMException('No longer wanted', 'AbortError'))
  }

  async #tint(result: SearchResult, dimensions: number, signal: AbortSignal): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
    if (signal.aborted || result.hits.length === 0) return
    const nearest = await this.#parts.searcher.nearestSentences(result, dimensions, signal)
    this.#results.tint(nearest.spans)
    this.#parts.engineView.showSpeed(nearest.tokens, nearest.ms / 1000, 'last sentences')
    this.#parts.onWorked()
  }

  #show(result: SearchResult): void {
    const { hits, query, more } = result
    this.#shown = result
    byId('empty', HTMLElement).hidden = true
    byId('results-section', HTMLElement).hidden = false
    this.#results.show(hits, query)
    this.#more.hidden = !more || this.#topK >= MOST
    byId('announce', HTMLElement).textContent = `${count(hits.length, 'result')} for ${query}`
    this.#showTimes(result)
  }

  #showTimes(result: SearchResult): void {
    const { hits, embedMs, searchMs, compared } = result
    const times = `embedded in ${milliseconds(embedMs)}, ${count(compared, 'passage')} searched in ${milliseconds(searchMs)}`
    this.#line.classList.remove('stale')
    this.#line.textContent = `${count(hits.length, 'result')} · ${times}`
    this.#parts.engineView.showSearch(result)
  }

  #showEmpty(): void {
    this.#shown = undefined
    const ownOnly = checkedValue(this.#source) === 'own' && this.#parts.own.documents.length === 0
    byId('empty-title', HTMLElement).textContent = ownOnly ? 'Nothing of yours is here yet' : 'Try one of these'
    byId('empty-text', HTMLElement).textContent = ownOnly
      ? 'Paste text or drop files under “Your own text”; it becomes searchable while it is embedded.'
      : 'They use words of today; the passages that answer them often share none of them.'
    byId('examples', HTMLElement).hidden = ownOnly
    byId('empty', HTMLElement).hidden = false
    byId('results-section', HTMLElement).hidden = true
    this.#line.textContent = ''
    byId('announce', HTMLElement).textContent = ''
  }
}

function isSame(a: SearchResult, b: SearchResult): boolean {
  return (
    a.hits.length === b.hits.length &&
    a.more === b.more &&
    a.hits.every(({ passage, score }, rank) => {
      const other = b.hits[rank]
      return other?.score === score && other.passage.start === passage.start
    })
  )
}
