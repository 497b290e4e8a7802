/** A BERT encoder in WebAssembly memory: packed once, then run as often as one likes. */

import type { BertSource } from './bert/bert-weights.ts'
import type { EncoderExports, EncoderModule } from './encoder-module.ts'
import { planWeights, type PackedModel, type WeightsPlan } from './encoder-plan.ts'
import { fusedIsFaster } from './kernel-choice.ts'
import { PAGE, type NormPlan } from './memory-arena.ts'
import { matrixStagingBytes, packLinear, type PackTarget } from './pack-matrix.ts'
import { packTables, tableStagingBytes } from './pack-tables.ts'
import { planRun, type RunPlan } from './run-plan.ts'
import { isPlace } from './team-words.ts'

/** Workers that can attach to the same weights, one after the other: the memory of one that died is not used again. */
const MOST_ATTACHED = 16

/** Texts as token ids, one after the other. */
export interface Texts {
  ids: Int32Array
  /** Tokens of each text, each from 1 to the encoder's `longest`. */
  lengths: Int32Array
}

/** Packed weights in memory that other workers of the same agent cluster can use as well. */
export interface SharedEncoder extends EncoderModule {
  memory: WebAssembly.Memory
  model: PackedModel
}

/** One model, ready to run. */
export class Encoder {
  /** Tokens of the longest text. */
  readonly longest: number
  readonly vocabulary: number
  readonly width: number
  readonly #exports: EncoderExports
  readonly #weights: SharedEncoder
  readonly #plan: RunPlan
  readonly #fused: boolean

  private constructor(exports: EncoderExports, weights: SharedEncoder, plan: RunPlan) {
    const { longest, vocabulary, hidden } = weights.model
    this.longest = longest
    this.vocabulary = vocabulary
    this.width = hidden
    this.#exports = exports
    this.#weights = weights
    this.#plan = plan
    this.#fused = fusedIsFaster(exports)
    plan.arena.write(weights.memory.buffer)
  }

  /**
   * Takes memory and packs the weights into it; the file's bytes are not needed afterwards.
   *
   * @param module a shared build makes memory that other workers can `attach` to
   * @throws UnsupportedModelError; RangeError where there is no memory
   */
  static async create(module: EncoderModule, source: BertSource): Promise<Encoder> {
    const matrices = source.layers.flatMap(({ query, output, up, down }) => [query, output, up, down])
    const stagingBytes = Math.max(tableStagingBytes(source), ...matrices.map(matrixStagingBytes))
    const weights = planWeights(source)
    const { model } = weights
    // What is staged while packing lies where runs have their buffers.
    const run = planRun(model, model.end)
    const initial = Math.ceil(Math.max(run.end, model.end + stagingBytes) / PAGE)
    const memory = new WebAssembly.Memory(
      module.shared
        ? { initial, maximum: initial + MOST_ATTACHED * pagesOf(model), shared: true }
        : { initial },
    )
    const exports = await instantiate(module, memory)
    pack({ exports, memory: memory.buffer, staging: model.end }, weights, source)
    return new Encoder(exports, { ...module, memory, model }, run)
  }

  /**
   * Runs on weights that another worker has packed; takes memory for its own runs only.
   *
   * @param shared checked by `checkShared`
   * @throws RangeError where there is no memory
   */
  static async attach(shared: SharedEncoder): Promise<Encoder> {
    const { memory, model } = shared
    const exports = await instantiate(shared, memory)
    // Grown at once by one worker after the other, so that nobody else gets the same part.
    const start = memory.grow(pagesOf(model)) * PAGE
    return new Encoder(exports, shared, planRun(model, start))
  }

  /** What another worker needs to `attach`; null where the memory is this worker's own. */
  get shared(): SharedEncoder | null {
    return this.#weights.shared ? this.#weights : null
  }

  /** Where this worker's part of the memory begins: by that, others of the same memory name it. */
  get place(): number {
    return this.#plan.place
  }

  /**
   * Works at another worker's run, for as long as this one is lent to it (`team-words.ts`). Vectors have the same bits
   * whoever helps.
   *
   * @param place of the other worker, untrusted
   * @returns tasks that were done
   * @throws Error where no worker of this memory can be there
   */
  help(place: number): number {
    const { address, scratch, end, place: own } = this.#plan
    const { memory, model } = this.#weights
    if (!isPlace(memory, model.end, place, end - own)) throw new Error(`place is ${String(place)}`)
    return this.#exports.help(place + address - own, address, scratch)
  }

  /**
   * One vector of length 1 for each text. The same text has the same bits in any company.
   *
   * @param texts ids below `vocabulary`, lengths within `longest`: the caller has checked that
   * @param fused how to compute dot products; absent: as is faster here
   * @returns texts × width
   * @throws WebAssembly.RuntimeError where another worker ended while it helped; this one must not run again
   */
  encode({ ids, lengths }: Texts, fused = this.#fused): Float32Array<ArrayBuffer> {
    const vectors = new Float32Array(lengths.length * this.width)
    let text = 0
    let token = 0
    while (text < lengths.length) {
      const start = text
      const firstToken = token
      while (text < lengths.length && token - firstToken + (lengths[text] ?? 0) <= this.longest) {
        token += lengths[text] ?? 0
        text++
      }
      const found = this.#run(ids.subarray(firstToken, token), lengths.subarray(start, text), fused)
      vectors.set(found, start * this.width)
    }
    return vectors
  }

  /** Texts that fit into the buffers together; the result is a view of them. */
  #run(ids: Int32Array, lengths: Int32Array, fused: boolean): Float32Array {
    const { memory, model } = this.#weights
    const { buffer } = memory
    const plan = this.#plan
    new Int32Array(buffer, plan.ids, ids.length).set(ids)
    new Int32Array(buffer, plan.lengths, lengths.length).set(lengths)
    placeTokens({ ids, lengths }, model.paddingId, new Int32Array(buffer, plan.places, ids.length))
    new Uint32Array(buffer, plan.fused, 1)[0] = fused ? 1 : 0
    this.#exports.encode(plan.address, plan.scratch, lengths.length)
    return new Float32Array(buffer, plan.vectors, lengths.length * this.width)
  }
}

/** Gives each token its row of the position table; see `BertSource.paddingId`. */
function placeTokens({ ids, lengths }: Texts, paddingId: number, places: Int32Array): void {
  let end = 0
  let token = 0
  for (const length of lengths) {
    end += length
    for (let place = paddingId < 0 ? 0 : 1; token < end; token++) {
      places[token] = ids[token] === paddingId ? 0 : place++
    }
  }
}

/** Of a worker's own memory. */
function pagesOf(model: PackedModel): number {
  return Math.ceil(planRun(model, 0).end / PAGE)
}

async function instantiate({ module }: EncoderModule, memory: WebAssembly.Memory): Promise<EncoderExports> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } })
  return instance.exports as unknown as EncoderExports
}

function pack(target: PackTarget, plan: WeightsPlan, source: BertSource): void {
  packTables(target, plan, source)
  packNorm(target, plan.embeddingNorm)
  for (const [index, layer] of source.layers.entries()) {
    const to = plan.layers[index]
    if (to === undefined) continue
    const { query, key, value, output, up, down, scoreScale } = layer
    // With log2 e, softmax needs powers of two only.
    packLinear(target, to.qkv, [query, key, value], [scoreScale * Math.LOG2E, 1, 1])
    packLinear(target, to.output, [output], [1])
    packLinear(target, to.up, [up], [1])
    packLinear(target, to.down, [down], [1])
    packNorm(target, to.outputNorm)
    packNorm(target, to.downNorm)
  }
  plan.arena.write(target.memory)
}

function packNorm({ memory }: PackTarget, { gamma, beta, source }: NormPlan): void {
  new Float32Array(memory, gamma, source.gamma.length).set(source.gamma)
  new Float32Array(memory, beta, source.beta.length).set(source.beta)
}
