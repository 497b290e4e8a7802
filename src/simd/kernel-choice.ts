/**
 * In which of two ways dot products are computed: by one instruction (`fused`) or by two of the same result. A browser
 * tells neither the CPU nor what it compiles to, but the one instruction itself does, where its second operand is
 * outside 0…127: 127 × 255 four times over is
 * - 65,534 where x86 has no AVX-VNNI, or the browser does not use it (Firefox): `pmaddubsw` gives pairs that saturate, and
 *   the one instruction becomes three;
 * - 129,540 with AVX-VNNI, `vpdpbusd`: that is one indeed, and so count builds that have no such instruction at all;
 * - −508 on ARM, where it is one or, before ARMv8.2, five; and with AVX-VNNI-INT8. Time decides.
 *
 * Source: V8, src/codegen/shared-ia32-x64/macro-assembler-shared-ia32-x64.cc and src/compiler/backend/arm64.
 */

import type { EncoderExports } from './encoder-module.ts'
import { TimedChoice } from './timed-choice.ts'

const INT8_MAX = 127
const TOP_BYTE = 255

/** Which way one encoder takes. Both give the same bits. */
export class KernelChoice {
  readonly #sum: number
  readonly #timed = new TimedChoice({ first: true, trials: 0.02 })

  constructor(exports: Pick<EncoderExports, 'sumOfFour'>) {
    this.#sum = exports.sumOfFour(INT8_MAX, TOP_BYTE)
  }

  /** True: the next run is to compute a dot product in one instruction; false: in two. */
  get fused(): boolean {
    return this.#sum < 0 ? this.#timed.next : this.#sum === 4 * INT8_MAX * TOP_BYTE
  }

  /** Takes the time of the run that has just ended. */
  record(tokens: number, milliseconds: number): void {
    this.#timed.record(this.#timed.next, tokens, milliseconds)
  }
}
