/** The library's own service in a browser that has no room for shared WebAssembly memory. */

// In this order: the service's first inference worker is made after this module has run.
import './no-shared-memory-workers.ts'
import '../../../src/worker/service-entry.ts'
