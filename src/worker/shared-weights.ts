import { describeError } from '../rpc/error-codec.ts'
import type { SharedEncoder } from '../simd/encoder.ts'
import type { InferenceSlot } from './inference-slot.ts'

/** Two ways to a worker with a session. */
export interface SlotStarters {
  /** Reads the model and packs it. */
  pack: () => Promise<InferenceSlot>
  /** Takes what another worker has packed. */
  attach: (shared: SharedEncoder) => Promise<InferenceSlot>
  /** Told why one could not attach; it packs weights of its own then. */
  onRefused: (reason: string) => void
}

/**
 * The packed weights that the workers of one backend have in common: there from the first worker that could pack them into
 * shared memory to the end of the last one that uses them. Nobody writes them after they are packed, so that a worker which
 * dies leaves them whole.
 */
export class SharedWeights {
  #shared: SharedEncoder | null = null
  /** Workers, and those that are coming. */
  readonly #users = new Set<InferenceSlot | Promise<InferenceSlot>>()
  #packing: Promise<unknown> | null = null

  /** A worker on the weights that are there, or that packs them; while one packs, others wait for it. */
  async open({ pack, attach, onRefused }: SlotStarters): Promise<InferenceSlot> {
    while (this.#packing !== null) await this.#packing
    const shared = this.#shared
    if (shared !== null) {
      const coming = attach(shared)
      this.#users.add(coming)
      try {
        return this.#keep(await coming)
      } catch (error) {
        if (this.#shared === shared) this.#shared = null
        onRefused(describeError(error))
      } finally {
        this.#users.delete(coming)
      }
      return this.open({ pack, attach, onRefused })
    }
    const packing = pack()
    this.#packing = packing
      .catch(() => undefined)
      .then(() => {
        this.#packing = null
      })
    return this.#keep(await packing)
  }

  #keep(slot: InferenceSlot): InferenceSlot {
    if (slot.shared !== null && !slot.dead) {
      this.#shared ??= slot.shared
      this.#users.add(slot)
    }
    return slot
  }

  /** Forgets a worker that has ended; with the last one, the memory is free. */
  release(slot: InferenceSlot): void {
    if (this.#users.delete(slot) && this.#users.size === 0) this.#shared = null
  }
}
