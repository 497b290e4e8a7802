import type { ModelConfig } from '../engine/embedding-session.ts'
import type { Device, ModelRecipe, ModelVariant } from '../models/recipe.ts'
import type { BackendAttempt, ServiceConfig } from '../rpc/protocol.ts'
import type { GpuTrial, TrialOptions } from './gpu-trial.ts'

/** What `ModelBackends` is told of a model, and whom it tells what becomes of it. */
export interface ModelBackendsOptions {
  recipe: ModelRecipe
  config: ServiceConfig
  readModel: (
    variant: ModelVariant,
    signal: AbortSignal,
  ) => Promise<Pick<ModelConfig, 'model' | 'externalData'>>
  /** Token ids of a text, cut at the model's limit. */
  encode: (text: string) => Promise<Int32Array>
  /** Fetches the code that tries GPUs. @throws EmbeddingsError `model_unreachable` */
  openTrial: (options: Omit<TrialOptions, 'verdicts'>) => Promise<GpuTrial>
  /** Gets an entry for every backend tried or passed over; kept by the caller, who also tells of failed loads. */
  attempts: BackendAttempt[]
  onPhase: (phase: 'compile' | 'warm-up', device: Device) => void
  /** Another backend has taken over after the start. */
  onTakeover: (device: Device) => void
  /** Ends the start; later reads of files are not concerned. */
  signal: AbortSignal
}
