/** What the encoder's WebAssembly module offers; `../encoder-module.ts` has the same as a type. */

export { sumOfFour } from './dot-instruction'
export { encode } from './encode'
export { measureWeights } from './limits'
export {
  dequantizeBlocks,
  packColumns,
  packRows,
  quantizeColumns,
  quantizeRows,
  sumBlocks,
  toSigned,
  widenHalves,
} from './pack'
export { help } from './team'
// For tests alone: what they give must keep the dot products, and sums of them, within the range in which they are exact.
export { measureActivations } from './limits'
export { quantizeActivations } from './quantize'
