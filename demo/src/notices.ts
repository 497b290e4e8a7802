/** Errors above the results: what happened, in the library's own words, and what to do. */

import { byId, el } from './dom.ts'
import { explain } from './format.ts'

/** What went wrong: of each kind one notice at most, and the first of the list is shown. */
const KINDS = ['corpus', 'engine', 'search'] as const
type Kind = (typeof KINDS)[number]

export class Notices {
  readonly #element = byId('notice', HTMLElement)
  readonly #current = new Map<Kind, { error: unknown; retry: () => void }>()

  show(kind: Kind, error: unknown, retry: () => void): void {
    this.#current.set(kind, { error, retry })
    this.#render()
  }

  clear(kind: Kind): void {
    if (this.#current.delete(kind)) this.#render()
  }

  has(kind: Kind): boolean {
    return this.#current.has(kind)
  }

  #render(): void {
    const kind = KINDS.find((candidate) => this.#current.has(candidate))
    const notice = kind && this.#current.get(kind)
    this.#element.hidden = notice === undefined
    if (notice === undefined) {
      this.#element.replaceChildren()
      return
    }
    const { message, advice, code } = explain(notice.error)
    const again = el('button', { type: 'button' }, 'Try again')
    again.addEventListener('click', notice.retry)
    const text = el('p', {}, el('b', {}, message))
    if (advice !== null) text.append(` ${advice}`)
    if (code !== null) text.append(' ', el('code', {}, code))
    this.#element.replaceChildren(text, again)
  }
}
