/** Puts a Worker in place whose every instance runs the library's inference entry and can be made to fail. */

const { Worker } = globalThis

function FragileWorker(): Worker {
  return new Worker(new URL('./fragile-inference.ts', import.meta.url), { type: 'module' })
}

globalThis.Worker = FragileWorker as unknown as typeof Worker
