/** Addresses in the encoder's memory, handed out one after the other, and the structures to be written there. */

import type { LinearSource, NormSource } from './bert/bert-weights.ts'

/** Bytes by which WebAssembly's memory grows. */
export const PAGE = 65_536

/** First address of the weights: behind the module's own constants. */
export const WEIGHTS_START = PAGE

/**
 * Inputs that share a scale of the activations: the first of these that divides a layer's width. Cosine to float32 on
 * test/fixtures/reference, all-MiniLM-L6-v2 quantised here, mean and minimum: 128: 0.9976, 0.990; 64: 0.9985, 0.993;
 * 32: 0.9991, 0.997. Where the file itself evens the channels out, 128 is enough: 0.9990, 0.996.
 */
const BLOCKS = { smoothed: [128, 64, 32], plain: [64, 32] } as const

/** The smallest of them. */
export const LEAST_BLOCK = 32

export interface LinearPlan {
  weights: number
  scales: number
  bias: number
  sums: number
  smoothing: number
  inputs: number
  outputs: number
  block: number
  limits: number
  laneSums: number
}

export interface NormPlan {
  gamma: number
  beta: number
  source: NormSource
}

/** Hands out addresses, and keeps what is to be written at some of them. */
export class MemoryArena {
  next: number
  readonly #structures: { address: number; fields: readonly number[]; epsilon: number | null }[] = []

  constructor(start: number) {
    this.next = start
  }

  allocate(bytes: number): number {
    const address = this.next
    this.next = Math.ceil((address + bytes) / 64) * 64
    return address
  }

  floats(count: number): number {
    return this.allocate(count * 4)
  }

  /** A structure of 4-byte fields, the last of which may be a float32. */
  structure(fields: readonly number[], epsilon: number | null = null): number {
    const address = this.allocate((fields.length + 1) * 4)
    this.#structures.push({ address, fields, epsilon })
    return address
  }

  write(memory: ArrayBufferLike): void {
    const view = new DataView(memory)
    for (const { address, fields, epsilon } of this.#structures) {
      for (const [index, field] of fields.entries()) view.setUint32(address + index * 4, field, true)
      if (epsilon !== null) view.setFloat32(address + fields.length * 4, epsilon, true)
    }
  }

  linear(source: LinearSource, outputs = source.outputs): LinearPlan {
    const { inputs } = source
    const block = blockOf(source)
    return {
      weights: this.allocate(inputs * outputs),
      scales: this.floats(outputs),
      bias: this.floats(outputs),
      sums: this.floats((outputs * inputs) / block),
      smoothing: this.floats(inputs),
      inputs,
      outputs,
      block,
      limits: this.allocate((inputs / block) * outputs),
      laneSums: this.allocate((inputs / block) * (outputs / 16) * (block === LEAST_BLOCK ? 64 : 3 * block)),
    }
  }

  norm(source: NormSource): NormPlan {
    return { gamma: this.floats(source.gamma.length), beta: this.floats(source.beta.length), source }
  }

  linearStructure(plan: LinearPlan): number {
    const { weights, scales, bias, sums, smoothing, inputs, outputs, block, limits, laneSums } = plan
    return this.structure([weights, scales, bias, sums, smoothing, inputs, outputs, block, limits, laneSums])
  }

  normStructure(plan: NormPlan): number {
    return this.structure([plan.gamma, plan.beta], plan.source.epsilon)
  }
}

function blockOf({ inputs, smoothing }: LinearSource): number {
  return BLOCKS[smoothing === null ? 'plain' : 'smoothed'].find((block) => inputs % block === 0) ?? 0
}
