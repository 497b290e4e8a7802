/** An app without a bundler that has everything from `copy-assets`: library, runtime, models. */

import { EmbeddingsClient, EmbeddingsError } from './embeddings/library/index.js'

/** @type {string[]} */
const violations = []
addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
  violations.push(`${effectiveDirective} ${blockedURI}`)
})

/**
 * Embeds texts and says what came of it as plain data.
 *
 * @param {string} model
 * @param {string[]} input
 * @param {object} options of the client, beside where everything lies
 */
globalThis.embedSealed = async (model, input, options) => {
  const client = new EmbeddingsClient({
    modelsUrl: './embeddings/models/',
    runtimeUrl: './embeddings/runtime/',
    ...options,
  })
  try {
    const { data } = await client.embeddings.create({ model, input })
    return {
      vectors: data.map(({ embedding }) => embedding),
      error: null,
      status: await client.models.status(model),
    }
  } catch (error) {
    if (!(error instanceof EmbeddingsError)) throw error
    return {
      vectors: [],
      error: { code: error.code, status: error.status, message: error.message },
      status: null,
    }
  } finally {
    client.close()
  }
}

globalThis.violations = () => violations

/** Keeps the page and what it runs; the models are kept by the library. */
globalThis.keepForOffline = async () => {
  await navigator.serviceWorker.register('./offline-worker.js')
  await navigator.serviceWorker.ready
}

/** Under Trusted Types a worker starts only from an address that a policy let through. */
globalThis.allowOwnWorkers = () => {
  trustedTypes.createPolicy('default', {
    createScriptURL(url) {
      if (new URL(url, location.href).origin === location.origin) return url
      throw new TypeError(`A script from another origin was refused: ${url}`)
    },
  })
}

document.title = 'ready'
