/** This library, as a page uses it. */

import { EmbeddingsClient } from 'browser-embeddings'
import type { EmbeddingsClientOptions } from 'browser-embeddings'
import { drive } from './driver.ts'

interface Setting {
  model: string
  options: EmbeddingsClientOptions
  /** Further fields of each request. */
  body?: object
}

drive(({ model, options, body }: Setting) => {
  const client = new EmbeddingsClient(options)
  return {
    async embed(input) {
      const { data } = await client.embeddings.create({ model, input: [...input], ...body })
      return data.map(({ embedding }) => embedding)
    },
    facts: () => client.models.status(model),
  }
})
