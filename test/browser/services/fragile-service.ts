/** The library's own service, whose inference workers fail when the test says so. */

// In this order: the service's first inference worker is made after this module has run.
import './fragile-inference-workers.ts'
import '../../../src/worker/service-entry.ts'
