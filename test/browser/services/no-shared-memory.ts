/** Makes this thread's browser refuse shared WebAssembly memory, as some do on 32-bit devices. Must be imported first. */

const { Memory } = WebAssembly

class RefusingMemory extends Memory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    if (descriptor.shared === true) throw new RangeError('no room')
    super(descriptor)
  }
}

WebAssembly.Memory = RefusingMemory

export {}
