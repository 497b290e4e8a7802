/** What JavaScript reads and writes of the words by which workers help each other; the rest is in `assembly/team.ts`. */

import { PAGE } from './memory-arena.ts'

/** Bytes of a worker's part of the team's words, with which its own memory begins. */
export const TEAM_BYTES = 256

/** Place among them: uint32, the place of the worker to be helped; 0: none. */
const LENT = 192

/**
 * Tells a worker whom it is lent to, before it is asked to help. One that helps already goes after its present task, which
 * takes less than a millisecond.
 *
 * @param place of the worker, as a multiple of 64
 * @param leader place of the worker to be helped; 0: none
 */
export function lend(memory: WebAssembly.Memory, place: number, leader: number): void {
  const words = new Int32Array(memory.buffer)
  const before = Atomics.exchange(words, (place + LENT) / 4, leader)
  // It may sleep until a step is opened.
  if (before !== 0) Atomics.notify(words, before / 4)
}

/**
 * Whether a worker's part of the memory can begin there: that of who packed the weights follows them; the others' were
 * grown.
 *
 * @param end of the weights
 * @param place untrusted
 * @param bytes of such a part
 */
export function isPlace(memory: WebAssembly.Memory, end: number, place: number, bytes: number): boolean {
  const begins = place === end || (Number.isInteger(place / PAGE) && place > end)
  return begins && place + bytes <= memory.buffer.byteLength
}
