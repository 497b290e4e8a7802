/**
 * Where sums of products are within int16, by the inequality of Cauchy and Schwarz:
 * (Σ weight × (activation − zero point))² ≤ Σ weight² × Σ (activation − zero point)².
 * So weights are measured once, when a model is loaded, and activations once, when they are quantised; their product needs
 * a comparison of both.
 *
 * An int16 lane of `tile-short.ts` takes 2 neighbours of 4 inputs, all over a group of inputs. What is measured is the
 * largest of all lanes of a group.
 */

/** Inputs of a short group; a long one is two of them. A block is 1, 2 or 4. */
export const GROUP: usize = 32

/** A way of adding up: the next two groups in int16, as one. */
export const LONG: i32 = 1
/** The next group in int16. */
export const SHORT: i32 = 16

/** Square of the largest int16, in the unit of sums of squares: 16 makes the largest one, of 64 × 127², an int16. */
const LARGEST: u32 = (32767 * 32767) / 16

/**
 * Weights whose limit is lower never form long groups: the activations of MiniLM and bge measure some 1,200 over 64 inputs,
 * and a branch that is often mispredicted costs more than the groups that are small enough gain.
 */
const LEAST_LONG: u32 = 1600

/**
 * Writes what is to be known of each block of 16 columns.
 *
 * @param panels int8 [outputs / 16][inputs / 4][16][4]
 * @param sums int16 [outputs / 16][inputs / block][groups, then pairs of groups][16][2], written: of the weights of each
 *   lane
 * @param limits int16 [outputs / 16][inputs / block][2][4], written: sums over two groups, and over one, are within int16
 *   where what `measureActivations` finds is less than this; for two groups, the number is there twice, and 0 if it is low
 * @param blocks outputs / 16 × inputs / block
 * @param block inputs of a block
 */
export function measureWeights(panels: usize, sums: usize, limits: usize, blocks: usize, block: usize): void {
  for (const end = limits + (blocks << 4); limits < end; limits += 16) {
    let before: u32 = 0
    memory.fill(limits, 0, 16)
    for (let group: usize = 0; group < block / GROUP; group++) {
      // Of the first and of the second half of each vector.
      let squares = i32x4.splat(0)
      for (let vector: usize = 0; vector < 64; vector += 16) {
        let low = i32x4.splat(0)
        let high = low
        let sum = i16x8.splat(0)
        for (let step: usize = 0; step < GROUP << 4; step += 64) {
          const w = v128.load(panels + step + vector)
          const a = i16x8.extend_low_i8x16_s(w)
          const b = i16x8.extend_high_i8x16_s(w)
          low = i32x4.add(low, i32x4.dot_i16x8_s(a, a))
          high = i32x4.add(high, i32x4.dot_i16x8_s(b, b))
          sum = i16x8.add(sum, i16x8.extadd_pairwise_i8x16_s(w))
        }
        v128.store(sums + (group << 6) + vector, sum)
        if (group & 1) {
          const two = i16x8.add(sum, v128.load(sums + (group << 6) - 64 + vector))
          v128.store(sums + (block << 1) + ((group - 1) << 5) + vector, two)
        }
        squares = i32x4.max_u(squares, i32x4.max_u(low, high))
      }
      squares = i32x4.max_u(squares, v128.shuffle<i32>(squares, squares, 2, 3, 0, 1))
      const most = max<u32>(i32x4.extract_lane(squares, 0), i32x4.extract_lane(squares, 1))
      store<u16>(limits + (group << 1), limitOf(most), 8)
      const long = limitOf(most + before)
      if (group & 1 && long >= LEAST_LONG) store<u32>(limits + ((group - 1) << 1), long * 0x10001)
      before = most
      panels += GROUP << 4
    }
    sums += laneBytes(block)
  }
}

/** Bytes of the sums of a block, which has one group or pairs of them. */
@inline
export function laneBytes(block: usize): usize {
  return block == GROUP ? 64 : 3 * block
}

/** One more than the largest number whose product with `squares` is at most LARGEST. */
function limitOf(squares: u32): u32 {
  return min<u32>(LARGEST / max<u32>(squares, 1) + 1, 32767)
}

/**
 * Writes the sums of squares of one block of a row.
 *
 * @param steps unsigned 7-bit [block]
 * @param negatedZeroPoint of the block
 * @param to int16 [4], written: the largest sum of each group / 16, rounded up; 0 for groups that the block has not
 */
export function measureActivations(steps: usize, block: usize, negatedZeroPoint: i32, to: usize): void {
  const zero = i16x8.splat(<i16>negatedZeroPoint)
  // Whatever was there, as a group's neighbour it would count.
  store<u64>(to, 0)
  for (const end = steps + block; steps < end; to += 2) {
    let sum = i32x4.splat(0)
    for (let i: usize = 0; i < GROUP; i += 8) {
      const a = i16x8.add(v128.load_ext<u8>(steps + i), zero)
      sum = i32x4.add(sum, i32x4.dot_i16x8_s(a, a))
    }
    // Inputs 0, 1 and 2, 3 of 8 lie beside 4, 5 and 6, 7.
    sum = i32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1))
    const most = max<i32>(i32x4.extract_lane(sum, 0), i32x4.extract_lane(sum, 1))
    store<u16>(to, (most + 15) >> 4)
    steps += GROUP
  }
}

/**
 * How the products of two rows with a block of weights can be added, as bits: LONG << group where that group and the next
 * are LONG, SHORT << group where it is SHORT.
 *
 * @param first of the blocks of activations; see `SCALE_BYTES`
 */
@inline
export function waysOf(first: usize, second: usize, limits: v128): i32 {
  const squares = i16x8.max_u(v128.load(first), v128.load(second))
  const ofTwo = i16x8.add(squares, i16x8.shuffle(squares, squares, 0, 1, 2, 3, 5, 4, 7, 6))
  return i16x8.bitmask(i16x8.lt_s(v128.shuffle<i64>(ofTwo, squares, 1, 3), limits))
}
