/** The library's own inference worker, where the browser has no room for shared memory. */

// In this order: the library meets the refusing constructor.
import './no-shared-memory.ts'
import './observed-memory.ts'
import '../../../src/worker/inference-entry.ts'
