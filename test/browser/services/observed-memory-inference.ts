/** The library's own inference worker, whose WebAssembly memory can be asked for, and taken away. */

// In this order: what follows meets the wrapped functions.
import './observed-memory.ts'
import '../../../src/worker/inference-entry.ts'
