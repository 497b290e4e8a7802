/** Puts a Worker in place of which only the first instance runs the library's inference entry. */

const { Worker } = globalThis
let instances = 0

function LoneWorker(): Worker {
  instances++
  return instances === 1
    ? new Worker(new URL('../../../src/worker/inference-entry.ts', import.meta.url), { type: 'module' })
    : new Worker(new URL('./lone-inference.ts', import.meta.url), { type: 'module' })
}

globalThis.Worker = LoneWorker as unknown as typeof Worker
