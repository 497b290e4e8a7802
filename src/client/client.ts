import { Embeddings } from './embeddings.ts'
import { Models } from './models.ts'
import { createFetch } from './lazy-fetch.ts'
import type { EmbeddingsClientOptions } from './options.ts'
import { Transport } from './transport.ts'

/**
 * Text embeddings on the user's own device, behind the interface of OpenAI's SDK.
 * Cheap to construct: the worker, the runtime and the model are fetched on first use.
 *
 * @example
 * const client = new EmbeddingsClient({ modelsUrl: '/models/' })
 * const { data } = await client.embeddings.create({ model: 'all-MiniLM-L6-v2', input: 'Hello, world!' })
 * data[0].embedding // number[384]
 */
export class EmbeddingsClient implements AsyncDisposable {
  readonly embeddings: Embeddings
  readonly models: Models
  /**
   * An OpenAI-compatible server in the form of `fetch`: POST `…/embeddings`, GET `…/models` and `…/models/{id}` on any
   * base address. Works unbound; nothing leaves the page.
   *
   * @example
   * new OpenAI({ apiKey: 'local', baseURL: '/v1', fetch: client.fetch, dangerouslyAllowBrowser: true })
   */
  readonly fetch: typeof globalThis.fetch
  readonly #transport: Transport

  /** @throws {EmbeddingsError} 400 `invalid_value` naming the wrong option */
  constructor(options: EmbeddingsClientOptions = {}) {
    this.#transport = new Transport(options)
    this.embeddings = new Embeddings(this.#transport)
    this.models = new Models(this.#transport)
    this.fetch = createFetch({
      embeddings: this.embeddings,
      models: this.models,
      isClosed: () => this.#transport.closed,
    })
  }

  /** Ends the worker and frees its memory. Calls that wait fail with 503 `worker_terminated`, later ones too. */
  close(): Promise<void> {
    this.#transport.close()
    return Promise.resolve()
  }

  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
