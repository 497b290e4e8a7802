/** The service worker-thread's entry: answers the page over Comlink. In this project "service" is a dedicated worker. */

import { EmbeddingsError } from '../openai/errors.ts'
import { reply } from '../rpc/error-codec.ts'
import { answerComlink, handOver } from '../rpc/guard.ts'
import { holdLock } from '../rpc/liveness.ts'
import {
  SERVICE_PATHS,
  type ProgressMessage,
  type Reply,
  type ServiceApi,
  type ServiceConfig,
} from '../rpc/protocol.ts'
import { handedOver } from '../rpc/transfer.ts'
import { EmbeddingService } from './service.ts'
import { trustOwnScripts } from './trusted-scripts.ts'

trustOwnScripts()

let service: Promise<EmbeddingService> | null = null

function tell(message: ProgressMessage): void {
  self.postMessage(message)
}

async function start(config: ServiceConfig, store: MessagePort | null): Promise<EmbeddingService> {
  const [created] = await Promise.all([
    EmbeddingService.create(config, (progress) => tell({ progress }), store),
    config.livenessLock === null ? null : holdLock(config.livenessLock),
  ])
  return created
}

/** Answers by the service, once it is configured: the page sends its first calls right behind `configure`. */
function ask<T>(work: (service: EmbeddingService) => T | Promise<T>): Promise<Reply<T>> {
  return reply(async () => {
    if (service === null) throw new EmbeddingsError('inference_failed', 'The service is not configured yet.')
    return work(await service)
  })
}

/** As `ask`, for what has no answer. */
function tellService(work: (service: EmbeddingService) => void | Promise<void>): Promise<Reply<null>> {
  return ask(async (ready) => {
    await work(ready)
    return null
  })
}

const api: ServiceApi = {
  configure: (config, store) =>
    reply(async () => {
      if (service !== null) throw new EmbeddingsError('inference_failed', 'The service is configured already.')
      service = start(config, store)
      await service
      return null
    }),
  embeddings: {
    create: async (body, call) => {
      const answer = await ask((ready) => ready.embed(body, call))
      return answer.ok && answer.value.vectors.format === 'float'
        ? handOver(answer, handedOver(answer.value.vectors.rows))
        : answer
    },
  },
  models: {
    list: () => ask((ready) => ready.list()),
    retrieve: (id) => ask((ready) => ready.retrieve(id)),
    load: (id, call) => ask((ready) => ready.load(id, call)),
    status: (id) => ask((ready) => ready.status(id)),
    unload: (id) => tellService((ready) => ready.unload(id)),
    delete: (id) => tellService((ready) => ready.delete(id)),
  },
  cancel: (callId) => tellService((ready) => ready.cancel(callId)),
  close: () => tellService((ready) => ready.close()),
}

answerComlink(self, api, SERVICE_PATHS)
