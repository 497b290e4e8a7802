/** The library's own service, which can start one inference worker and no more. */

// In this order: the service's first inference worker is made after this module has run.
import './lone-inference-worker.ts'
import '../../../src/worker/service-entry.ts'
