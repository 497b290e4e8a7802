/** Puts a Worker in place whose every instance runs the library's inference entry and is refused shared memory. */

const { Worker } = globalThis

function RefusedWorker(): Worker {
  return new Worker(new URL('./no-shared-memory-inference.ts', import.meta.url), { type: 'module' })
}

globalThis.Worker = RefusedWorker as unknown as typeof Worker
