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

answerAsks('wasm-memory', threadName(), () => ({
  bytes: memories.reduce((sum, memory) => sum + (memory.deref()?.buffer.byteLength ?? 0), 0),
}))
