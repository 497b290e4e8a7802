/** The few DOM steps that every panel takes. Text goes in as text, never as markup. */

/** An element of the page that must be there. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} with id ${id}`)
  return element
}

type Attributes = Readonly<Record<string, string | boolean>>

/** A new element; `true` sets an attribute without a value, `false` leaves it out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children)
  return element
}

/** Value of the checked radio button of a group, or undefined when none is. */
export function checkedValue(group: HTMLElement): string | undefined {
  return group.querySelector<HTMLInputElement>('input:checked')?.value
}

/** Checks the radio button with that value. */
export function check(group: HTMLElement, value: string): void {
  for (const input of group.querySelectorAll('input')) input.checked = input.value === value
}

/** Sets a progress bar; `null`: something goes on, and how far it is is not known. */
export function setProgress(bar: HTMLElement, fraction: number | null): void {
  bar.classList.toggle('indeterminate', fraction === null)
  const percent = fraction === null ? 0 : Math.round(100 * Math.min(1, fraction))
  bar.style.setProperty('--done', `${String(percent)}%`)
  if (fraction === null) {
    bar.removeAttribute('aria-valuenow')
    return
  }
  bar.setAttribute('aria-valuemin', '0')
  bar.setAttribute('aria-valuemax', '100')
  bar.setAttribute('aria-valuenow', String(percent))
}

/** Lets the browser draw and take input between two parts of long work. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}

/** Runs long work in slices: `await slices.rest()` in a loop gives way every few milliseconds. */
export class Slices {
  #until = performance.now() + SLICE_MS

  async rest(): Promise<void> {
    if (performance.now() < this.#until) return
    await nextTask()
    this.#until = performance.now() + SLICE_MS
  }
}

/** Far below the 50 ms from which a page feels stuck. */
const SLICE_MS = 12
