/** The engine's panel: what runs, why, how large and how fast; and the progress of loading. */

import type { ModelStatus } from 'browser-embeddings'
import { byId, el, setProgress } from './dom.ts'
import { MODEL, name, type EngineState } from './engine.ts'
import { count, explain, megabytes, milliseconds, rate } from './format.ts'
import type { SearchResult } from './searcher.ts'

/** Facts in the order of the panel. */
const FACTS = ['State', 'Runs on', 'Model', 'Size', 'Loaded', 'Query', 'Search', 'Speed'] as const
type Fact = (typeof FACTS)[number]

export class EngineView {
  readonly #boot = byId('boot', HTMLElement)
  readonly #values = new Map<Fact, HTMLElement>()
  #started = false

  constructor() {
    const list = byId('facts', HTMLElement)
    for (const fact of FACTS) {
      const value = el('dd', {}, '–')
      this.#values.set(fact, value)
      list.append(el('div', {}, el('dt', {}, fact), value))
    }
    this.#set('Model', MODEL)
  }

  showState(state: EngineState): void {
    this.#boot.hidden = state.phase !== 'loading'
    if (state.phase === 'loading') {
      this.#set('State', 'Loading')
      byId('boot-label', HTMLElement).textContent = state.step
      setProgress(byId('boot-bar', HTMLElement), state.fraction)
      return
    }
    const { status } = state
    this.#set('State', state.phase === 'ready' ? 'Ready' : `Failed: ${explain(state.error).message}`)
    if (status !== null) this.showStatus(status)
    if (state.phase === 'failed') {
      for (const fact of ['Runs on', 'Size', 'Loaded', 'Query', 'Search', 'Speed'] as const)
        this.#set(fact, '–')
      this.#set('Model', MODEL)
      // A load that found no backend at all has no model to tell of attempts; its message tells.
      if ((status?.attempts.length ?? 0) === 0) {
        byId('attempts', HTMLElement).replaceChildren(el('li', {}, explain(state.error).message))
      }
      return
    }
    const source = state.status.source === 'store' ? 'from this device' : 'from the server'
    this.#set('Loaded', `${source} in ${milliseconds(state.loadMs)}`)
    this.#started = true
  }

  showSearch({ embedMs, searchMs, tokens, compared }: SearchResult): void {
    this.#set('Query', `${milliseconds(embedMs)} for ${count(tokens, 'token')}`)
    this.#set('Search', `${milliseconds(searchMs)} for ${count(compared, 'passage')}`)
  }

  /** @param what of which work the speed is, as in `your text` */
  showSpeed(tokens: number, seconds: number, what: string): void {
    if (this.#started && seconds > 0) this.#set('Speed', `${rate(tokens / seconds, 'tokens')} (${what})`)
  }

  showStatus({ backend, attempts, bytes, storage, storageReason }: ModelStatus): void {
    if (backend !== null) {
      const { device, runtime, build, threads, workers, adapter, dtype, file } = backend
      const how =
        device === 'webgpu'
          ? (adapter ?? build)
          : runtime === 'simd'
            ? `own SIMD encoder, ${plural(workers, 'worker')}`
            : `onnxruntime, ${plural(workers, 'worker')} × ${plural(threads, 'thread')}`
      this.#set('Runs on', `${name(device)}, ${how}`)
      this.#set('Model', `${MODEL}, ${dtype} (${file.replace(/^.*\//u, '')})`)
    }
    const kept = storage === 'cache' ? 'kept for offline use' : `not kept: ${storageReason ?? 'storage is off'}`
    this.#set('Size', `${megabytes(bytes)}, ${kept}`)
    const lines = attempts.map(({ device, reason, chosen }) =>
      el(
        'li',
        { class: chosen ? 'chosen' : 'passed' },
        el('b', {}, name(device)),
        `: ${chosen ? `chosen${detail(reason, backend)}` : reason}`,
      ),
    )
    byId('attempts', HTMLElement).replaceChildren(
      ...(lines.length > 0 ? lines : [el('li', {}, 'Not decided yet')]),
    )
  }

  #set(fact: Fact, value: string): void {
    const element = this.#values.get(fact)
    if (element !== undefined && element.textContent !== value) element.textContent = value
  }
}

function detail(reason: string, backend: ModelStatus['backend']): string {
  const cosine = backend?.knownAnswerCosine
  if (cosine !== null && cosine !== undefined) return `, cosine ${cosine.toFixed(4)} to the known answer`
  return reason === 'chosen' ? '' : `: ${reason}`
}

function plural(value: number, unit: string): string {
  return `${String(value)} ${unit}${value === 1 ? '' : 's'}`
}
