/** In the browser: one client, for embed.mjs to call. */

import { EmbeddingsClient } from 'browser-embeddings'

globalThis.client = new EmbeddingsClient({ modelsUrl: new URL('/models/', location.href), device: 'wasm' })
