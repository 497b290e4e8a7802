/** Which stored files are whose, on the hub: every revision of a model, and nothing of another. */

import { expect, test } from 'vitest'
import { MemoryStore } from '../../../src/models/memory-store.ts'
import { ModelFiles } from '../../../src/models/model-files.ts'
import { ModelRepository } from '../../../src/models/repository.ts'
import type { StoredRecord } from '../../../src/models/store.ts'

const HUB = 'https://huggingface.co/'
const MINILM = 'Xenova/all-MiniLM-L6-v2'
const recordOf = (model: string): StoredRecord => ({
  bytes: 3,
  sha256: '0'.repeat(64),
  etag: null,
  trust: 'hub',
  model,
})

async function repositoryWith(files: Record<string, string>) {
  const store = new MemoryStore()
  for (const [url, model] of Object.entries(files)) await store.put(url, new ArrayBuffer(3), recordOf(model))
  const repository = new ModelRepository(
    { modelsUrl: null, recipes: [], aliases: {} },
    { store, kind: 'memory', reason: null },
  )
  return { store, repository }
}

const OF_MINILM = {
  [`${HUB}${MINILM}/resolve/main/tokenizer.json`]: MINILM,
  [`${HUB}${MINILM}/resolve/0123456789abcdef0123456789abcdef01234567/onnx/model_quantized.onnx`]: MINILM,
}
const OF_OTHERS = {
  [`${HUB}${MINILM}-more/resolve/main/tokenizer.json`]: `${MINILM}-more`,
  [`${HUB}Xenova/all/resolve/main/tokenizer.json`]: 'Xenova/all',
  [`https://app.example/models/${MINILM}/tokenizer.json`]: MINILM,
}

test('models.list counts every revision of a known model, and lists the unknown ones by their names', async () => {
  const { repository } = await repositoryWith({ ...OF_MINILM, ...OF_OTHERS })
  const stored = (await repository.usage()).filter(({ files }) => files > 0)
  expect(stored.map(({ recipe, files, bytes }) => [recipe.path, files, bytes])).toEqual([
    [MINILM, 2, 6],
    [`${MINILM}-more`, 1, 3],
    ['Xenova/all', 1, 3],
  ])
})

test('models.delete frees every revision, and nothing of a model whose name begins alike or that lies elsewhere', async () => {
  const { store, repository } = await repositoryWith({ ...OF_MINILM, ...OF_OTHERS })
  const recipe = repository.known().find(({ path }) => path === MINILM)!
  await repository.delete(recipe)
  expect((await store.list()).map(({ url }) => url)).toEqual(Object.keys(OF_OTHERS))
})

test('models.delete waits for what is just being kept, so that nothing of the model comes after it', async () => {
  let giveRoom = (): void => undefined
  const room = new Promise<void>((resolve) => (giveRoom = resolve))
  let ask = (): void => undefined
  const asked = new Promise<void>((resolve) => (ask = resolve))
  class SlowStore extends MemoryStore {
    override async put(...file: Parameters<MemoryStore['put']>): Promise<void> {
      ask()
      await room
      await super.put(...file)
    }
  }
  const store = new SlowStore()
  const files = new ModelFiles({ store, kind: 'memory', reason: null })
  const options = { signal: new AbortController().signal, onProgress: () => undefined }
  const reading = files.read({ url: 'data:text/plain,weights', model: 'a', expected: undefined }, options)
  await asked
  const deleting = files.deleteAll(() => true)
  // Long enough for a deletion that does not wait.
  await new Promise((resolve) => setTimeout(resolve, 20))
  giveRoom()
  await Promise.all([reading, deleting])
  expect(await store.list()).toEqual([])
})
