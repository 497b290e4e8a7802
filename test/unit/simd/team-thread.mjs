/** A thread that helps with runs in the test's thread, as an inference worker does, and misbehaves when it is told to. */

import { parentPort, workerData } from 'node:worker_threads'

/**
 * @typedef {object} Order
 * @property {'help' | 'dismiss' | 'take'} what help; end the lending of the worker at `place`; take a task and never do it
 * @property {number} place of the leader, or of the worker that is dismissed
 * @property {number} [plan] the leader's
 * @property {number} [after] milliseconds to wait first
 */

const { module, memory, plan: mine, scratch } = workerData
const { exports } = await WebAssembly.instantiate(module, { env: { memory } })
const words = new Int32Array(memory.buffer)
const states = new BigInt64Array(memory.buffer)

/** Place of the word that says whom a worker is lent to; see src/simd/assembly/team.ts. */
const LENT = 192

/** @param {number} place */
function takeTask(place) {
  for (;;) {
    const state = Atomics.load(states, place / 8)
    const low = Number(state & 0xffff_ffffn)
    if ((low & 0xffff) < low >>> 16) {
      if (Atomics.compareExchange(states, place / 8, state, state + 1n) === state) return
    }
  }
}

parentPort?.on('message', (/** @type {Order} */ { what, place, plan, after = 0 }) => {
  const asleep = new Int32Array(new SharedArrayBuffer(4))
  if (after > 0) Atomics.wait(asleep, 0, 0, after)
  if (what === 'help') parentPort?.postMessage(exports.help(plan, mine, scratch))
  else if (what === 'dismiss') Atomics.store(words, (place + LENT) / 4, 0)
  else takeTask(place)
})
parentPort?.postMessage('ready')
