/** What the runner calls in a page. Small, because it counts into the JavaScript that a page loads. */

import { firstText } from './setting.ts'

/** One library under one setting. */
export interface Library {
  /** One call of the library. */
  embed(texts: readonly string[]): Promise<readonly ArrayLike<number>[]>
  /** What it runs on, for the report. */
  facts(): unknown
}

/** The runner's handle on the page, `globalThis.bench`. */
export interface Driver {
  /** Milliseconds for all texts, `perCall` at a time, one call after the other. */
  time(texts: readonly string[], perCall: number): Promise<number>
  vectors(texts: readonly string[], perCall: number): Promise<number[][]>
  facts(): unknown
  /** Milliseconds of the main thread's long tasks since the last time it was asked. */
  takeLongTasks(): Promise<number[]>
  /** Milliseconds from the start of navigation to the vector of `?first=`; never settles without one. */
  readonly firstVector: Promise<number>
}

declare global {
  var bench: Driver
}

/** Gives the runner its handle on the library of this page. */
export function drive(library: Library): void {
  let longTasks: number[] = []
  new PerformanceObserver((list) => {
    longTasks.push(...list.getEntries().map(({ duration }) => duration))
  }).observe({ type: 'longtask', buffered: true })

  async function embedAll(texts: readonly string[], perCall: number): Promise<ArrayLike<number>[]> {
    const rows: ArrayLike<number>[] = []
    for (let start = 0; start < texts.length; start += perCall) {
      rows.push(...(await library.embed(texts.slice(start, start + perCall))))
    }
    return rows
  }

  globalThis.bench = {
    async time(texts, perCall) {
      const start = performance.now()
      await embedAll(texts, perCall)
      return performance.now() - start
    },
    async vectors(texts, perCall) {
      return (await embedAll(texts, perCall)).map((row) => Array.from(row))
    },
    facts: () => library.facts(),
    async takeLongTasks() {
      // Entries are reported some time after the task.
      await new Promise((resolve) => setTimeout(resolve, 300))
      const taken = longTasks
      longTasks = []
      return taken
    },
    firstVector:
      firstText === null
        ? new Promise(() => undefined)
        : library.embed([firstText]).then(() => performance.now()),
  }
}
