/** Puts a Worker in place whose every instance runs the library's inference entry and tells of its WebAssembly memory. */

const { Worker } = globalThis

function ObservedWorker(): Worker {
  return new Worker(new URL('./observed-memory-inference.ts', import.meta.url), { type: 'module' })
}

globalThis.Worker = ObservedWorker as unknown as typeof Worker
