/** An inference worker: owns one session and nothing else, so that it can be terminated at any time. */

import type { EmbeddingSession } from '../engine/embedding-session.ts'
import type * as OnnxSessions from '../engine/session.ts'
import { toSessionError } from '../engine/session-errors.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import { holdLock } from '../rpc/liveness.ts'
import { answerCalls } from '../rpc/worker-calls.ts'
import type { EncoderModule } from '../simd/encoder-module.ts'
import { createSimdSession, prepareEncoder } from '../simd/session.ts'
import type { InferenceApi } from './inference-api.ts'
import { trustOwnScripts } from './trusted-scripts.ts'

trustOwnScripts()

let session: EmbeddingSession | null = null
let encoder: EncoderModule | null = null

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
    session =
      config.kind === 'simd'
        ? await createSimdSession(encoder ?? (await prepareEncoder(config.build)), config)
        : await (await onnxSessions()).createOnnxSession(config)
    return session.adapter
  },
  run: (batch) => loaded().run(batch),
  lost: () => loaded().lost,
})
