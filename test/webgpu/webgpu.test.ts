/**
 * One file, so that the order is certain: without an adapter everything after it would test the fallback; and after
 * the GPU process has crashed twice, Chromium gives this page no adapter any more.
 */

import './adapter.suite.ts'
import './embeddings.suite.ts'
import './architectures.suite.ts'
import './verdicts.suite.ts'
import './device-loss.suite.ts'
