/** The library's own service on a machine whose GPU can be told to refuse its work. */

// In this order: the service looks for an adapter after this module has run.
import './faulty-gpu-machine.ts'
import '../../../src/worker/service-entry.ts'
