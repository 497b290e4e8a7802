/** As `gpu-machine.ts`; the GPU refuses its work from a message on the channel `faulty-gpu` on. */

const { Worker } = globalThis

Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false })

function FaultyWorker(): Worker {
  return new Worker(new URL('./faulty-gpu-inference.ts', import.meta.url), { type: 'module' })
}

globalThis.Worker = FaultyWorker as unknown as typeof Worker
