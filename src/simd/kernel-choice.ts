/**
 * In which of two ways dot products are computed: by one instruction (`fused`) or by two of the same result. A browser
 * tells neither the CPU nor what it compiles to, but the one instruction itself does, where its second operand is
 * outside 0…127: 127 × 255 four times over is
 * - 65,534 where x86 has no AVX-VNNI, or the browser does not use it (Firefox): `pmaddubsw` gives pairs that saturate, and
 *   the one instruction becomes three, the two together two;
 * - 129,540 with AVX-VNNI, `vpdpbusd`: that is one indeed;
 * - −508 on ARM, one instruction too, but for five before ARMv8.2, where the two are four; and with AVX-VNNI-INT8.
 *
 * Source: V8, src/codegen/shared-ia32-x64/macro-assembler-shared-ia32-x64.cc and
 * src/compiler/backend/arm64/code-generator-arm64.cc; SpiderMonkey, js/src/jit/x86-shared/MacroAssembler-x86-shared-inl.h.
 */

import type { EncoderExports } from './encoder-module.ts'

const INT8_MAX = 127
const TOP_BYTE = 255
const SATURATED = 2 * 32_767

/** True: a dot product is to be computed in one instruction; false: in two. */
export function fusedIsFaster(exports: Pick<EncoderExports, 'sumOfFour'>): boolean {
  return exports.sumOfFour(INT8_MAX, TOP_BYTE) !== SATURATED
}
