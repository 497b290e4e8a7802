import type { Model, ModelList } from '../openai/types.ts'
import type { ModelStatus } from '../rpc/protocol.ts'
import type { CallControl, Transport } from './transport.ts'

/** Options of `models.load`. */
export type ModelLoadOptions = CallControl

/** `client.models`: OpenAI's listing, and the models' life on this device. */
export class Models {
  readonly #transport: Transport

  /** @param transport the client's way to its service */
  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Models that can be asked for: the page's own recipes, the catalogue, and the others that are stored on this device.
   * `stored` says what lies there. Makes no request.
   */
  async list(): Promise<ModelList> {
    return { object: 'list', data: await this.#transport.call((api) => api.models.list()) }
  }

  /** One model. @throws {EmbeddingsError} 404 `model_not_found` */
  retrieve(id: string): Promise<Model> {
    return this.#transport.call((api) => api.models.retrieve(id))
  }

  /**
   * Fetches a model, chooses its backend, and warms it up; `embeddings.create` does the same on first use.
   *
   * @param options `signal` gives up (the download stops when nobody else waits for it); `onProgress` hears of bytes
   *   per file and in all, compilation and warm-up
   * @throws {EmbeddingsError} `model_not_found`, `model_unreachable`, `integrity_error`, …; the signal's own reason
   */
  load(id: string, options: ModelLoadOptions = {}): Promise<ModelStatus> {
    return this.#transport.call(
      (api, callId) => api.models.load(id, { callId, priority: 'interactive' }),
      options,
    )
  }

  /** State of a model, the backend it runs on, and why. @throws {EmbeddingsError} 404 `model_not_found` */
  status(id: string): Promise<ModelStatus> {
    return this.#transport.call((api) => api.models.status(id))
  }

  /** Frees the model's memory; its stored files stay. Requests that wait for it fail with `worker_terminated`. */
  async unload(id: string): Promise<void> {
    await this.#transport.call((api) => api.models.unload(id))
  }

  /**
   * Unloads the model and deletes its stored files, of all its revisions, and its cached vectors, and nothing else.
   * What other software keeps of the same model (transformers.js) stays.
   *
   * @throws {EmbeddingsError} 404 `model_not_found`; 500 `inference_failed` when the store refuses
   */
  async delete(id: string): Promise<void> {
    await this.#transport.call((api) => api.models.delete(id))
  }
}
