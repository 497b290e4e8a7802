/** What crosses between the service and an inference worker. Types only. */

import type { TokenBatch } from '../engine/batch.ts'
import type { RuntimeConfig, SessionConfig } from '../engine/embedding-session.ts'

/** What an inference worker is told first. */
export interface PrepareConfig {
  runtime: RuntimeConfig
  /** Name of the Web Lock that the worker holds while it lives; null where there are no Web Locks. */
  livenessLock: string | null
}

/** What an inference worker offers to the service; errors are those of `EmbeddingSession`. */
export interface InferenceApi {
  /** Starts what runs underneath while the model is still being read. */
  prepare(config: PrepareConfig): Promise<null>
  /** Makes the worker's one session, once prepared; the files in it are transferred. Answers the GPU adapter's name, null on the CPU. */
  load(config: SessionConfig): Promise<string | null>
  /** Rows × native width, pooled and L2-normalised, in the batch's order; transferred. */
  run(batch: TokenBatch): Promise<Float32Array>
  /** Settles when the GPU device is lost, with the reason; never on the CPU. */
  lost(argument: null): Promise<string>
}
