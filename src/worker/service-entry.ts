/** The service worker-thread's entry: answers the page over Comlink. In this project "service" is a dedicated worker. */

import { EmbeddingsError } from '../openai/errors.ts'
import { reply } from '../rpc/error-codec.ts'
import { answerComlink, handOver } from '../rpc/guard.ts'
import { holdLock } from '../rpc/liveness.ts'
import { SERVICE_PATHS, type ProgressMessage, type ServiceApi } from '../rpc/protocol.ts'
import { EmbeddingService } from './service.ts'
import { trustOwnScripts } from './trusted-scripts.ts'

trustOwnScripts()

let service: EmbeddingService | null = null

function tell(message: ProgressMessage): void {
  self.postMessage(message)
}

function configured(): EmbeddingService {
  if (service === null)
    throw new EmbeddingsError('inference_failed', 'The service was called before configure().')
  return service
}

const api: ServiceApi = {
  configure: (config, store) =>
    reply(async () => {
      if (service !== null) throw new EmbeddingsError('inference_failed', 'The service is configured already.')
      if (config.livenessLock !== null) await holdLock(config.livenessLock)
      service = await EmbeddingService.create(config, (progress) => tell({ progress }), store)
      return null
    }),
  embeddings: {
    create: async (body, call) => {
      const answer = await reply(() => configured().embed(body, call))
      return answer.ok && answer.value.vectors.format === 'float'
        ? handOver(answer, [answer.value.vectors.rows.buffer])
        : answer
    },
  },
  models: {
    list: () => reply(() => configured().list()),
    retrieve: (id) => reply(() => configured().retrieve(id)),
    load: (id, call) => reply(() => configured().load(id, call)),
    status: (id) => reply(() => configured().status(id)),
    unload: (id) =>
      reply(() => {
        configured().unload(id)
        return null
      }),
    delete: (id) =>
      reply(async () => {
        await configured().delete(id)
        return null
      }),
  },
  cancel: (callId) =>
    reply(() => {
      configured().cancel(callId)
      return null
    }),
  close: () =>
    reply(() => {
      configured().close()
      return null
    }),
}

answerComlink(self, api, SERVICE_PATHS)
