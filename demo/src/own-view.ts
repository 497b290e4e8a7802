/** The panel of the user's own text: adding, progress, cancelling, the list of documents. */

import { byId, el, setProgress } from './dom.ts'
import { count, explain, integer, isAbort, rate, remaining } from './format.ts'
import type { JobProgress, OwnDocument, OwnText } from './own-text.ts'

interface Handlers {
  /** More became searchable, or something no longer is. */
  onChange: () => void
  /** Speed of the job that runs. */
  onSpeed: (tokens: number, seconds: number) => void
}

interface Waiting {
  name: string
  read: () => Promise<string>
}

export class OwnView {
  readonly #own: OwnText
  readonly #handlers: Handlers
  readonly #area = byId('own-text', HTMLTextAreaElement)
  readonly #add = byId('own-add', HTMLButtonElement)
  readonly #bar = byId('own-bar', HTMLElement)
  readonly #error = byId('own-error', HTMLElement)
  #queue: Waiting[] = []
  #job: AbortController | undefined
  #pasted = 0

  constructor(own: OwnText, handlers: Handlers) {
    this.#own = own
    this.#handlers = handlers
    this.#area.addEventListener('input', () => {
      this.#add.disabled = this.#area.value.trim() === ''
    })
    this.#add.addEventListener('click', () => this.#addPasted())
    const files = byId('own-files', HTMLInputElement)
    files.addEventListener('change', () => {
      this.#addFiles([...(files.files ?? [])])
      files.value = ''
    })
    byId('own-cancel', HTMLButtonElement).addEventListener('click', () => {
      this.#queue = []
      this.#job?.abort(new DOMException('Cancelled by the user', 'AbortError'))
    })
    this.#acceptDrops(byId('drop', HTMLElement))
  }

  #acceptDrops(zone: HTMLElement): void {
    const over = (event: DragEvent, on: boolean): void => {
      if (event.dataTransfer?.types.includes('Files') !== true) return
      event.preventDefault()
      zone.classList.toggle('over', on)
    }
    zone.addEventListener('dragover', (event) => over(event, true))
    zone.addEventListener('dragleave', (event) => over(event, false))
    zone.addEventListener('drop', (event) => {
      over(event, false)
      this.#addFiles([...(event.dataTransfer?.files ?? [])])
    })
  }

  #addPasted(): void {
    this.#showError(null)
    const text = this.#area.value
    this.#pasted++
    const [firstLine = ''] = text.trim().split('\n', 1)
    const name = firstLine.length > 48 ? `${firstLine.slice(0, 47).replace(/[\s.,;:!?]+$/u, '')}…` : firstLine
    this.#area.value = ''
    this.#add.disabled = true
    this.#enqueue([
      { name: name === '' ? `Text ${String(this.#pasted)}` : name, read: () => Promise.resolve(text) },
    ])
  }

  #addFiles(files: readonly File[]): void {
    this.#showError(null)
    const wrong = files.filter(({ name }) => !/\.(?:txt|md|markdown)$/iu.test(name))
    if (wrong.length > 0) {
      this.#showError(`${wrong.map(({ name }) => name).join(', ')}: only .txt and .md files can be added.`)
    }
    this.#enqueue(
      files
        .filter((file) => !wrong.includes(file))
        .map((file) => ({ name: file.name, read: () => readText(file) })),
    )
  }

  #enqueue(waiting: readonly Waiting[]): void {
    this.#queue.push(...waiting)
    if (this.#job === undefined) void this.#work()
  }

  async #work(): Promise<void> {
    const job = new AbortController()
    this.#job = job
    byId('own-progress', HTMLElement).hidden = false
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { name, read } = next
      try {
        this.#showProgress({ name, done: 0, total: 0, tokens: 0, seconds: 0, searchable: false })
        const text = await read()
        const document = await this.#own.add(name, text, job.signal, (progress) => this.#showProgress(progress))
        if (document.passages === 0) this.#showError(`${name} has no text.`)
        else this.#announce(`${name}: ${count(document.passages, 'passage')} searchable.`)
      } catch (error) {
        if (isAbort(error)) this.#announce(`Cancelled. What was done stays searchable.`)
        else {
          const { message, advice } = explain(error)
          this.#showError(`${name}: ${message}${advice === null ? '' : ` ${advice}`}`)
        }
      }
      if (job.signal.aborted) break
    }
    byId('own-progress', HTMLElement).hidden = true
    this.#job = undefined
    this.#showDocuments()
  }

  #showProgress({ name, done, total, tokens, seconds, searchable }: JobProgress): void {
    const label = total === 0 ? `Reading ${name}` : `${name}: ${integer(done)} of ${count(total, 'passage')}`
    byId('own-label', HTMLElement).textContent = label
    setProgress(this.#bar, total === 0 ? null : done / total)
    const figures = byId('own-rate', HTMLElement)
    if (done === 0 || seconds === 0) {
      figures.textContent = total === 0 ? '' : 'Waiting for the engine'
      return
    }
    const left = ((total - done) * seconds) / done
    const rest = done < total ? ` · ${remaining(left)}` : ''
    figures.textContent = `${rate(done / seconds, 'passages')} · ${rate(tokens / seconds, 'tokens')}${rest}`
    this.#handlers.onSpeed(tokens, seconds)
    if (!searchable) return
    this.#showDocuments()
    this.#handlers.onChange()
  }

  #showDocuments(): void {
    byId('documents', HTMLElement).replaceChildren(
      ...this.#own.documents.map((document) => this.#item(document)),
    )
  }

  #item(document: OwnDocument): HTMLLIElement {
    const { name, passages, embedded } = document
    const size =
      embedded < passages ? `${integer(embedded)} of ${count(passages, 'passage')}` : count(passages, 'passage')
    const remove = el('button', { type: 'button', class: 'remove', 'aria-label': `Remove ${name}` }, 'Remove')
    // Half a document cannot go while the other half is on its way.
    remove.disabled = this.#job !== undefined && embedded < passages
    remove.addEventListener('click', () => {
      this.#own.remove(document)
      this.#showDocuments()
      this.#announce(`${name} removed.`)
      this.#area.focus()
      this.#handlers.onChange()
    })
    return el(
      'li',
      {},
      el('span', { class: 'name', title: name }, name),
      el('span', { class: 'size' }, size),
      remove,
    )
  }

  #announce(message: string): void {
    byId('own-announce', HTMLElement).textContent = message
  }

  #showError(message: string | null): void {
    this.#error.hidden = message === null
    this.#error.textContent = message ?? ''
  }
}

async function readText(file: File): Promise<string> {
  const bytes = await file.arrayBuffer()
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new Error('The file is not UTF-8 text. Save it as UTF-8 and add it again.', { cause })
  }
}
