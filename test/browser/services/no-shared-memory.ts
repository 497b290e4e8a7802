/** Makes this thread's browser refuse shared WebAssembly memory for a whole model, as some may on 32-bit devices. Must be imported first. */

const { Memory } = WebAssembly

class RefusingMemory extends Memory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    if (descriptor.shared === true && descriptor.initial > 100) throw new RangeError('no room')
    super(descriptor)
  }
}

WebAssembly.Memory = RefusingMemory

export {}
