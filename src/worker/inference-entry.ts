/** An inference worker: owns one session and nothing else, so that it can be terminated at any time. */

import { expose, transfer } from 'comlink'
import type { EmbeddingSession } from '../engine/embedding-session.ts'
import { createOnnxSession, prepareOnnxRuntime } from '../engine/session.ts'
import { EmbeddingsError } from '../openai/errors.ts'
import { reply } from '../rpc/error-codec.ts'
import { guardEndpoint } from '../rpc/guard.ts'
import type { EncoderModule } from '../simd/encoder-module.ts'
import { createSimdSession, prepareEncoder } from '../simd/session.ts'
import { INFERENCE_PATHS, type InferenceApi } from './inference-api.ts'

let session: EmbeddingSession | null = null
let encoder: EncoderModule | null = null

function loaded(): EmbeddingSession {
  if (session === null)
    throw new EmbeddingsError('inference_failed', 'The inference worker has no session yet.')
  return session
}

const api: InferenceApi = {
  prepare: (config) =>
    reply(async () => {
      if (config.kind === 'simd') encoder = await prepareEncoder(config.build)
      else await prepareOnnxRuntime(config)
      return null
    }),
  load: (config) =>
    reply(async () => {
      session =
        config.kind === 'simd'
          ? await createSimdSession(encoder ?? (await prepareEncoder(config.build)), config)
          : await createOnnxSession(config)
      return session.adapter
    }),
  run: async (batch) => {
    const answer = await reply(() => loaded().run(batch))
    return answer.ok ? transfer(answer, [answer.value.buffer]) : answer
  },
  lost: () => reply(() => loaded().lost),
}

expose(Object.assign(Object.create(null) as object, api), guardEndpoint(self, INFERENCE_PATHS))
