/** This library, as a page uses it, under the setting of the page's address. */

import { EmbeddingsClient } from 'browser-embeddings'
import type { EmbeddingsClientOptions } from 'browser-embeddings'
import type { Library } from './driver.ts'
import { readSetting } from './setting.ts'

interface Setting {
  model: string
  options: EmbeddingsClientOptions
  /** Further fields of each request. */
  body?: object
}

const { model, options, body } = readSetting<Setting>()

export { model }
export const client = new EmbeddingsClient(options)

export const ours: Library = {
  async embed(input) {
    const { data } = await client.embeddings.create({ model, input: [...input], ...body })
    return data.map(({ embedding }) => embedding)
  },
  facts: () => client.models.status(model),
}
