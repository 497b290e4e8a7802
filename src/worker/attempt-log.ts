/** What `status` says of every backend that was tried or passed over. */

import type { Device } from '../models/recipe.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import type { BackendAttempt } from '../rpc/protocol.ts'

/** The attempts of one load; a decision about WebGPU that is still open has its place, and is filled in later. */
export class AttemptLog {
  readonly #attempts: BackendAttempt[]
  #open: BackendAttempt | null = null

  /** @param attempts gets the entries; kept by the caller */
  constructor(attempts: BackendAttempt[]) {
    this.#attempts = attempts
  }

  /** An entry for WebGPU that the next one for it takes the place of. */
  open(reason: string): void {
    this.#open = { device: 'webgpu', reason, chosen: false }
    this.#attempts.push(this.#open)
  }

  readonly note = (device: Device, reason: string, chosen = false): void => {
    const entry: BackendAttempt = { device, reason, chosen }
    const open = device === 'webgpu' && this.#open !== null ? this.#attempts.indexOf(this.#open) : -1
    if (open >= 0) this.#attempts[open] = entry
    else this.#attempts.push(entry)
    if (device === 'webgpu') this.#open = null
  }

  /** A graph for WebGPU that is not for this device, while another may be. */
  passOver(reason: string): void {
    const at = this.#open === null ? -1 : this.#attempts.indexOf(this.#open)
    // Before the decision that is still open, which keeps its place.
    this.#attempts.splice(at < 0 ? this.#attempts.length : at, 0, { device: 'webgpu', reason, chosen: false })
  }

  /** The error of a model that runs nowhere. */
  nothingLeft(): EmbeddingsError {
    const reasons = this.#attempts.map(({ device, reason }) => `${device}: ${reason}`).join('; ')
    return new EmbeddingsError('unsupported_environment', `No backend can run this model here (${reasons}).`)
  }
}
