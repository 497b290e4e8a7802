/** An inference worker: owns one session and nothing else, so that it can be terminated at any time. */

import type { EmbeddingSession, ModelConfig, OnnxRuntimeConfig } from '../engine/embedding-session.ts'
import type * as OnnxSessions from '../engine/session.ts'
import { toSessionError } from '../engine/session-errors.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import { holdLock } from '../rpc/liveness.ts'
import { answerCalls } from '../rpc/worker-calls.ts'
import type { EncoderModule } from '../simd/encoder-module.ts'
import { createSimdSession, prepareEncoder } from '../simd/session.ts'
import type { InferenceApi, LoadAnswer } from './inference-api.ts'
import { trustOwnScripts } from './trusted-scripts.ts'

trustOwnScripts()

let session: EmbeddingSession | null = null
let encoder: EncoderModule | null = null
/** Files that the CPU encoder does not know, until onnxruntime takes them. */
let passedOver: ModelConfig | null = null

function loaded(): EmbeddingSession {
  if (session === null)
    throw new EmbeddingsError('inference_failed', 'The inference worker has no session yet.')
  return session
}

/** Fetched only where the CPU encoder does not serve: it is half of what this worker would load. */
async function onnxSessions(): Promise<typeof OnnxSessions> {
  try {
    return await import('../engine/session.ts')
  } catch (error) {
    throw toSessionError(error, 'create')
  }
}

async function loadOnnx(config: OnnxRuntimeConfig & ModelConfig): Promise<LoadAnswer> {
  session = await (await onnxSessions()).createOnnxSession(config)
  return { adapter: session.adapter, passedOver: null }
}

answerCalls<InferenceApi>(self, {
  prepare: async ({ runtime, livenessLock }) => {
    // Held while the runtime starts: the service waits for both anyway.
    const held = livenessLock === null ? null : holdLock(livenessLock)
    if (runtime.kind === 'simd') encoder = await prepareEncoder(runtime.build)
    else await (await onnxSessions()).prepareOnnxRuntime(runtime)
    await held
    return null
  },
  load: async (config) => {
    if (config.kind === 'onnxruntime') return loadOnnx(config)
    try {
      session = await createSimdSession(encoder ?? (await prepareEncoder(config.build)), config)
      return { adapter: null, passedOver: null }
    } catch (error) {
      const unknown = error instanceof EmbeddingsError && error.code === 'unsupported_environment'
      if (!unknown || config.otherwise === null) throw error
      passedOver = config
      return { adapter: null, passedOver: error.message }
    }
  },
  fallBack: async (runtime) => {
    const config = passedOver
    passedOver = null
    if (config === null) throw new EmbeddingsError('inference_failed', 'No model was passed over.')
    return loadOnnx({ ...config, ...runtime })
  },
  run: (batch) => loaded().run(batch),
  lost: () => loaded().lost,
})
