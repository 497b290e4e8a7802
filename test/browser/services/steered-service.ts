/** The library's own service, whose inference workers fail, end or wait when the test says so. */

// In this order: the service's first inference worker is made after this module has run.
import './steered-inference-workers.ts'
import '../../../src/worker/service-entry.ts'
