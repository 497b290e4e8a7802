/** An inference worker: owns one session and nothing else, so that it can be terminated at any time. */

import type { EmbeddingSession } from '../engine/embedding-session.ts'
import { createOnnxSession, prepareOnnxRuntime } from '../engine/session.ts'
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

answerCalls<InferenceApi>(self, {
  prepare: async ({ runtime, livenessLock }) => {
    // Held while the runtime starts: the service waits for both anyway.
    const held = livenessLock === null ? null : holdLock(livenessLock)
    if (runtime.kind === 'simd') encoder = await prepareEncoder(runtime.build)
    else await prepareOnnxRuntime(runtime)
    await held
    return null
  },
  load: async (config) => {
    session =
      config.kind === 'simd'
        ? await createSimdSession(encoder ?? (await prepareEncoder(config.build)), config)
        : await createOnnxSession(config)
    return session.adapter
  },
  run: (batch) => loaded().run(batch),
  lost: () => loaded().lost,
})
