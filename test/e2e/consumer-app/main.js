/** What a user of the library writes: one call, the answer shown on the page. */

import { EmbeddingsClient } from 'browser-embeddings'
import * as search from 'browser-embeddings/search'

const client = new EmbeddingsClient({ modelsUrl: new URL('/models/', location.href).href, device: 'wasm' })
const output = document.querySelector('output')
try {
  const { data } = await client.embeddings.create({ model: 'all-MiniLM-L6-v2', input: ['a cat', 'a dog'] })
  const widths = data.map(({ embedding }) => embedding.length)
  output.textContent = JSON.stringify({ widths, search: Object.keys(search).length > 0 })
} catch (error) {
  output.textContent = `${error.code}: ${error.message} ${error.cause ?? ''}`
}
