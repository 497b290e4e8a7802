import { addDots } from './dot'

/**
 * Sum of four equal products by the one instruction of `addDots`, for the operands by which its kinds differ: see
 * `../kernel-choice.ts`.
 *
 * @param a int8 in each lane
 * @param b any byte in each lane
 */
export function sumOfFour(a: i32, b: i32): i32 {
  return i32x4.extract_lane(addDots(true, i8x16.splat(<i8>a), i8x16.splat(<i8>b), i32x4.splat(0)), 0)
}
