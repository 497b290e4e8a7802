/** The library's own service on a machine with a GPU, as far as it can tell. */

// In this order: the service looks for an adapter after this module has run.
import './gpu-machine.ts'
import '../../../src/worker/service-entry.ts'
