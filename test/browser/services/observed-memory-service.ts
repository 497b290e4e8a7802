/** The library's own service, whose inference workers tell of their memory. */

// In this order: the service's first inference worker is made after this module has run.
import './observed-memory-workers.ts'
import '../../../src/worker/service-entry.ts'
