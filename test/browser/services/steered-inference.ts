/** The library's own inference worker, which fails, ends or waits when the test says so (../steered-inference.ts). */

// In this order: a batch comes to the gate first.
import './inference-gate.ts'
import '../../../src/worker/inference-entry.ts'
