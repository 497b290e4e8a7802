/** What crosses between the service and an inference worker. Types only. */

import type { TokenBatch } from '../engine/batch.ts'
import type { OnnxRuntimeConfig, RuntimeConfig, SessionConfig } from '../engine/embedding-session.ts'
import type { SharedEncoder } from '../simd/encoder.ts'

/** What an inference worker is told first. */
export interface PrepareConfig {
  /** Null: nothing; the worker will `attach`. */
  runtime: RuntimeConfig | null
  /** Name of the Web Lock that the worker holds while it lives; null where there are no Web Locks. */
  livenessLock: string | null
}

/** What came of making a session. */
export interface LoadAnswer {
  /** The GPU adapter's name; null on the CPU. */
  adapter: string | null
  /** Why the CPU encoder does not run this model, where there is something else to run it; null: the session is made. */
  passedOver: string | null
  /** Packed weights for other workers to `attach` to; null: they are this worker's own, or onnxruntime's. */
  shared: SharedEncoder | null
  /** Why they could not be packed into shared memory, as was asked; null: they were, or nobody asked. */
  notShared: string | null
}

/** What an inference worker offers to the service; errors are those of `EmbeddingSession`. */
export interface InferenceApi {
  /** Starts what runs underneath while the model is still being read. */
  prepare(config: PrepareConfig): Promise<null>
  /** Makes the worker's one session, once prepared; the files in it are transferred. */
  load(config: SessionConfig): Promise<LoadAnswer>
  /** Makes the worker's one session on weights that another worker has packed; gives its place in that memory. */
  attach(shared: SharedEncoder): Promise<number>
  /** Makes the session on onnxruntime after all, of the files that the CPU encoder has passed over. */
  fallBack(runtime: OnnxRuntimeConfig): Promise<LoadAnswer>
  /** Rows × native width, pooled and L2-normalised, in the batch's order; transferred. */
  run(batch: TokenBatch): Promise<Float32Array>
  /** Works at the run of the worker at that place, for as long as this one is lent to it; gives the tasks it did. */
  help(place: number): Promise<number>
  /** Settles when the GPU device is lost, with the reason; never on the CPU. */
  lost(argument: null): Promise<string>
}
