/** An inference worker: owns one session and nothing else, so that it can be terminated at any time. */

import type {
  EmbeddingSession,
  ModelConfig,
  OnnxRuntimeConfig,
  SimdRuntimeConfig,
} from '../engine/embedding-session.ts'
import type * as OnnxSessions from '../engine/session.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import { describeError } from '../rpc/error-codec.ts'
import { holdLock } from '../rpc/liveness.ts'
import { answerCalls } from '../rpc/worker-calls.ts'
import type { EncoderModule } from '../simd/encoder-module.ts'
import { attachSimdSession, createSimdSession, prepareEncoder, type SimdSession } from '../simd/session.ts'
import type { InferenceApi, LoadAnswer } from './inference-api.ts'
import { trustOwnScripts } from './trusted-scripts.ts'

trustOwnScripts()

let session: (EmbeddingSession & Partial<SimdSession>) | null = null
let encoder: EncoderModule | null = null
/** Files that the CPU encoder does not know, until onnxruntime takes them. */
let passedOver: ModelConfig | null = null

const NOTHING: LoadAnswer = { adapter: null, passedOver: null, shared: null, notShared: null }

/** Why the weights are not in shared memory though they should be. */
let notShared: string | null = null

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
    const message = `The library's own code for onnxruntime could not be fetched: ${describeError(error)}`
    throw new EmbeddingsError('model_unreachable', message, { cause: error })
  }
}

async function loadOnnx(config: OnnxRuntimeConfig & ModelConfig): Promise<LoadAnswer> {
  session = await (await onnxSessions()).createOnnxSession(config)
  return { ...NOTHING, adapter: session.adapter }
}

/** Where shared memory cannot be had, memory of this worker's own does it. */
async function openEncoder({ build, shared }: SimdRuntimeConfig): Promise<EncoderModule> {
  if (shared && notShared === null) {
    try {
      // Throws where a browser has such memory and cannot hand it on (WebKit 2.50); it is no answer to any call.
      self.postMessage({ shared: new WebAssembly.Memory({ initial: 0, maximum: 0, shared: true }) })
      return await prepareEncoder(build, true)
    } catch (error) {
      notShared = describeError(error)
    }
  }
  return prepareEncoder(build)
}

async function loadSimd(config: SimdRuntimeConfig & ModelConfig): Promise<LoadAnswer> {
  const module = (encoder ??= await openEncoder(config))
  try {
    const made = await createSimdSession(module, config)
    session = made
    return { ...NOTHING, shared: made.shared, notShared }
  } catch (error) {
    if (!module.shared || !(error instanceof EmbeddingsError) || error.code !== 'out_of_memory') throw error
    notShared = error.message
    encoder = null
    return loadSimd(config)
  }
}

answerCalls<InferenceApi>(self, {
  prepare: async ({ runtime, livenessLock }) => {
    // Held while the runtime starts: the service waits for both anyway.
    const held = livenessLock === null ? null : holdLock(livenessLock)
    if (runtime?.kind === 'simd') encoder = await openEncoder(runtime)
    else if (runtime !== null) await (await onnxSessions()).prepareOnnxRuntime(runtime)
    await held
    return null
  },
  load: async (config) => {
    if (config.kind === 'onnxruntime') return loadOnnx(config)
    try {
      return await loadSimd(config)
    } catch (error) {
      const unknown = error instanceof EmbeddingsError && error.code === 'unsupported_environment'
      if (!unknown || config.otherwise === null) throw error
      passedOver = config
      return { ...NOTHING, passedOver: error.message }
    }
  },
  attach: async (shared) => {
    const made = await attachSimdSession(shared)
    session = made
    return made.place
  },
  fallBack: async (runtime) => {
    const config = passedOver
    passedOver = null
    if (config === null) throw new EmbeddingsError('inference_failed', 'No model was passed over.')
    return loadOnnx({ ...config, ...runtime })
  },
  run: (batch) => loaded().run(batch),
  help: (place) => Promise.resolve(session?.help?.(place) ?? 0),
  lost: () => loaded().lost,
})
