/** Puts a Worker in place whose every instance runs the library's inference entry and is steered by the test. */

const { Worker } = globalThis

function SteeredWorker(): Worker {
  return new Worker(new URL('./steered-inference.ts', import.meta.url), { type: 'module' })
}

globalThis.Worker = SteeredWorker as unknown as typeof Worker
