/**
 * Makes a machine whose only adapter is software pass for one with a GPU, so that the trial of a GPU can run. A channel
 * tells of every inference worker that starts.
 */

const { Worker } = globalThis
const channel = new BroadcastChannel('gpu-service')

Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false })

function TellingWorker(): Worker {
  channel.postMessage('started')
  return new Worker(new URL('../../../src/worker/inference-entry.ts', import.meta.url), { type: 'module' })
}

globalThis.Worker = TellingWorker as unknown as typeof Worker
