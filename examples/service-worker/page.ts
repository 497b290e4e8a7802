import { EmbeddingsClient } from 'browser-embeddings'
import { answerServiceWorker } from 'browser-embeddings/service-worker/page'

await navigator.serviceWorker.register(new URL('./worker.js', import.meta.url), { type: 'module' })
export const stop = await answerServiceWorker(new EmbeddingsClient({ modelsUrl: '/models/' }))
// From now on every page under the worker's scope may ask: fetch('/v1/embeddings', { method: 'POST', … })
