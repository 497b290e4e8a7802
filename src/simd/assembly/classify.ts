/** Which blocks of weights have sums of products within int16; runs once, when a model is loaded. */

/** Any weights: each dot product is widened to int32. */
export const WIDE: u8 = 0
/** Σ weight × (activation − 64) over 8 inputs is within int16. */
export const CENTERED: u8 = 1
/** Σ weight × activation over 8 inputs is within int16. The hub's quantised files are nearly all so. */
export const SHORT: u8 = 2

/**
 * Writes the way of each block of 16 columns, and the centers where they are needed.
 *
 * An int16 lane of `tile-short.ts` takes 8 weights: 2 neighbours of 4 at 4 steps. Its activations are 0…127. So with P and
 * N the sums of the positive and of the negative weights' magnitudes, the sum of products is within -127 N … 127 P, and
 * within ±64 (P + N) when 64 is taken from the activations.
 *
 * @param panels int8 [outputs / 16][inputs / 4][16][4]
 * @param centers int16 [outputs / 16][inputs / 16][16][2], written where the way is CENTERED
 * @param ways uint8 [outputs / 16][inputs / block], written
 * @param blocks outputs / 16 × inputs / block
 * @param block inputs of a block, a multiple of 16
 */
export function classifyBlocks(panels: usize, centers: usize, ways: usize, blocks: usize, block: usize): void {
  for (const end = ways + blocks; ways < end; ways++) {
    const way = wayOf(panels, block)
    store<u8>(ways, way)
    if (way == CENTERED) writeCenters(panels, centers, block)
    panels += block << 4
    centers += block << 2
  }
}

function wayOf(panels: usize, block: usize): u8 {
  let magnitudes = i16x8.splat(0)
  let reach = i16x8.splat(0)
  for (const end = panels + (block << 4); panels < end; panels += 256) {
    for (let i: usize = 0; i < 64; i += 16) {
      let sum = i16x8.splat(0)
      let magnitude = i16x8.splat(0)
      for (let step: usize = 0; step < 256; step += 64) {
        const w = v128.load(panels + i + step)
        sum = i16x8.add(sum, i16x8.extadd_pairwise_i8x16_s(w))
        // The magnitude of -128 is 128 as unsigned.
        magnitude = i16x8.add(magnitude, i16x8.extadd_pairwise_i8x16_u(i8x16.abs(w)))
      }
      magnitudes = i16x8.max_s(magnitudes, magnitude)
      // P + N + |P − N| = 2 max(P, N).
      reach = i16x8.max_s(reach, i16x8.add(magnitude, i16x8.abs(sum)))
    }
  }
  // 258 × 127 and 511 × 64 are within int16.
  if (!v128.any_true(i16x8.gt_s(reach, i16x8.splat(2 * 258)))) return SHORT
  return v128.any_true(i16x8.gt_s(magnitudes, i16x8.splat(511))) ? WIDE : CENTERED
}

function writeCenters(panels: usize, centers: usize, block: usize): void {
  for (const end = panels + (block << 4); panels < end; panels += 256) {
    for (let i: usize = 0; i < 64; i += 16, centers += 16) {
      let sum = i16x8.splat(0)
      for (let step: usize = 0; step < 256; step += 64) {
        sum = i16x8.add(sum, i16x8.extadd_pairwise_i8x16_s(v128.load(panels + i + step)))
      }
      v128.store(centers, i16x8.mul(sum, i16x8.splat(-64)))
    }
  }
}
