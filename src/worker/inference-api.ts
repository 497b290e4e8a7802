/** What crosses between the service and an inference worker. Types only. */

import type { TokenBatch } from '../engine/batch.ts'
import type { RuntimeConfig, SessionConfig } from '../engine/embedding-session.ts'
import type { Reply } from '../rpc/protocol.ts'

/** The facade that an inference worker exposes to the service. */
export interface InferenceApi {
  /** Starts what runs underneath while the model is still being read. */
  prepare(config: RuntimeConfig): Promise<Reply<null>>
  /** Makes the worker's one session, once prepared; the files in it are transferred. Answers the GPU adapter's name, null on the CPU. */
  load(config: SessionConfig): Promise<Reply<string | null>>
  /** Rows × native width, pooled and L2-normalised, in the batch's order; both ways transferred. */
  run(batch: TokenBatch): Promise<Reply<Float32Array>>
  /** Settles when the GPU device is lost, with the reason; never on the CPU. */
  lost(): Promise<Reply<string>>
}

/** Paths of the facade, for the guard. */
export const INFERENCE_PATHS = [
  'prepare',
  'load',
  'run',
  'lost',
] as const satisfies readonly (keyof InferenceApi)[]
