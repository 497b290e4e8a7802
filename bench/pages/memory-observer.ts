/** Tells how much WebAssembly memory a thread holds. A memory that nothing refers to any more counts no longer. */

import { answerAsks, threadName } from './answer-asks.ts'

const memories: WeakRef<WebAssembly.Memory>[] = []

WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
  construct(target, args: [WebAssembly.MemoryDescriptor]) {
    const memory = new target(...args)
    memories.push(new WeakRef(memory))
    return memory
  },
})

function bytesOf(wanted: (buffer: ArrayBufferLike) => boolean): number {
  const buffers = memories.map((memory) => memory.deref()?.buffer).filter((buffer) => buffer !== undefined)
  return buffers.filter(wanted).reduce((sum, { byteLength }) => sum + byteLength, 0)
}

answerAsks('wasm-memory', threadName(), () => ({
  bytes: bytesOf(() => true),
  // The browser counts these, and no others, among a page's heaps.
  sharedBytes: bytesOf((buffer) => !(buffer instanceof ArrayBuffer)),
}))
