/** A client's inference workers under the test's hand: what happens while a batch runs is certain on any machine. */

import { until } from './until.ts'

const CHANNEL = 'steered-inference'

/** The service whose inference workers are steered; for the option `createWorker`. */
export function steeredService(): Worker {
  return new Worker(new URL('./services/steered-service.ts', import.meta.url), { type: 'module' })
}

/** Steers the inference workers of the one such service that is up. */
export class SteeredInference {
  /** Inference workers that have started since this was made. */
  started = 0
  /** Batches that have come to a shut gate. */
  waiting = 0
  readonly #channel = new BroadcastChannel(CHANNEL)
  #shut = false

  constructor() {
    this.#channel.onmessage = ({ data }: MessageEvent<string>) => {
      if (data === 'started') this.started++
      if (data === 'batch waits') this.waiting++
      if (data === 'is shut') this.#shut = true
    }
  }

  /** The workers fail as an uncaught error does, or end without a word. */
  tell(order: 'fail' | 'close'): void {
    this.#channel.postMessage(order)
  }

  /** From now on batches wait before the worker; one must be up. */
  async shut(): Promise<void> {
    this.#shut = false
    this.waiting = 0
    this.#channel.postMessage('shut')
    await until(() => this.#shut)
  }

  /** Until a batch waits at the shut gate: the worker has work, and does not end it by itself. */
  async batch(): Promise<void> {
    await until(() => this.waiting > 0)
  }

  open(): void {
    this.#channel.postMessage('open')
  }

  /** Until all that was told has gone out: a worker that starts later hears nothing of it. */
  async toldAll(): Promise<void> {
    const listener = new BroadcastChannel(CHANNEL)
    await new Promise<void>((resolve) => {
      listener.onmessage = ({ data }) => {
        if (data === 'no more') resolve()
      }
      this.#channel.postMessage('no more')
    })
    listener.close()
  }

  end(): void {
    this.#channel.close()
  }
}
