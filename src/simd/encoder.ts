/** A BERT encoder in WebAssembly memory: packed once, then run as often as one likes. */

import type { BertSource } from './bert/bert-weights.ts'
import type { EncoderExports, EncoderModule } from './encoder-module.ts'
import { planEncoder, type EncoderPlan } from './encoder-plan.ts'
import { KernelChoice } from './kernel-choice.ts'
import type { NormPlan } from './memory-arena.ts'
import { matrixStagingBytes, packLinear, type PackTarget } from './pack-matrix.ts'
import { packTables, tableStagingBytes } from './pack-tables.ts'

const PAGE = 65_536

/** Texts as token ids, one after the other. */
export interface Texts {
  ids: Int32Array
  /** Tokens of each text, each from 1 to the encoder's `longest`. */
  lengths: Int32Array
}

/** One model, ready to run. */
export class Encoder {
  /** Tokens of the longest text. */
  readonly longest: number
  readonly vocabulary: number
  readonly width: number
  readonly #exports: EncoderExports
  readonly #memory: WebAssembly.Memory
  readonly #plan: EncoderPlan
  readonly #choice: KernelChoice
  readonly #paddingId: number | null

  private constructor(
    exports: EncoderExports,
    memory: WebAssembly.Memory,
    plan: EncoderPlan,
    source: BertSource,
    choice: KernelChoice,
  ) {
    this.longest = plan.longest
    this.vocabulary = source.words.rows
    this.width = source.hidden
    this.#exports = exports
    this.#memory = memory
    this.#plan = plan
    this.#choice = choice
    this.#paddingId = source.paddingId
  }

  /**
   * Takes memory and packs the weights into it; the file's bytes are not needed afterwards.
   *
   * @throws UnsupportedModelError; RangeError where there is no memory
   */
  static async create({ module, build }: EncoderModule, source: BertSource): Promise<Encoder> {
    const matrices = source.layers.flatMap(({ query, output, up, down }) => [query, output, up, down])
    const plan = planEncoder(source, Math.max(tableStagingBytes(source), ...matrices.map(matrixStagingBytes)))
    const memory = new WebAssembly.Memory({ initial: Math.ceil(plan.bytes / PAGE) })
    const instance = await WebAssembly.instantiate(module, { env: { memory } })
    const exports = instance.exports as unknown as EncoderExports
    pack({ exports, memory: memory.buffer, staging: plan.staging }, plan, source)
    return new Encoder(exports, memory, plan, source, new KernelChoice(build === 'relaxed'))
  }

  /** Bytes of WebAssembly memory. */
  get bytes(): number {
    return this.#memory.buffer.byteLength
  }

  /**
   * One vector of length 1 for each text. The same text has the same bits in any company.
   *
   * @param texts ids below `vocabulary`, lengths within `longest`: the caller has checked that
   * @param fused how to compute dot products; absent: as is faster here
   * @returns texts × width
   */
  encode({ ids, lengths }: Texts, fused?: boolean): Float32Array<ArrayBuffer> {
    const vectors = new Float32Array(lengths.length * this.width)
    const { capacity } = this.#plan
    let text = 0
    let token = 0
    while (text < lengths.length) {
      const start = text
      const firstToken = token
      while (text < lengths.length && token - firstToken + (lengths[text] ?? 0) <= capacity) {
        token += lengths[text] ?? 0
        text++
      }
      const found = this.#run(ids.subarray(firstToken, token), lengths.subarray(start, text), fused)
      vectors.set(found, start * this.width)
    }
    return vectors
  }

  /** Texts that fit into the buffers together; the result is a view of them. */
  #run(ids: Int32Array, lengths: Int32Array, fused: boolean | undefined): Float32Array {
    const { buffer } = this.#memory
    const plan = this.#plan
    new Int32Array(buffer, plan.ids, ids.length).set(ids)
    new Int32Array(buffer, plan.lengths, lengths.length).set(lengths)
    placeTokens({ ids, lengths }, this.#paddingId, new Int32Array(buffer, plan.places, ids.length))
    new Uint32Array(buffer, plan.fused, 1)[0] = (fused ?? this.#choice.fused) ? 1 : 0
    const start = performance.now()
    this.#exports.encode(plan.address, lengths.length)
    if (fused === undefined) this.#choice.record(ids.length, performance.now() - start)
    return new Float32Array(buffer, plan.vectors, lengths.length * this.width)
  }
}

/** Gives each token its row of the position table; see `BertSource.paddingId`. */
function placeTokens({ ids, lengths }: Texts, paddingId: number | null, places: Int32Array): void {
  let end = 0
  let token = 0
  for (const length of lengths) {
    end += length
    for (let place = paddingId === null ? 0 : 1; token < end; token++) {
      places[token] = ids[token] === paddingId ? 0 : place++
    }
  }
}

function pack(target: PackTarget, plan: EncoderPlan, source: BertSource): void {
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
  plan.write(target.memory)
}

function packNorm({ memory }: PackTarget, { gamma, beta, source }: NormPlan): void {
  new Float32Array(memory, gamma, source.gamma.length).set(source.gamma)
  new Float32Array(memory, beta, source.beta.length).set(source.beta)
}
