/** Which stored files are whose, on the hub: every revision of a model, and nothing of another. */

import { createHash } from 'node:crypto'
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

/** Keeps nothing before `giveRoom` is called; `asked` settles with the first file that waits for it. */
class SlowStore extends MemoryStore {
  giveRoom = (): void => undefined
  readonly #room = new Promise<void>((resolve) => (this.giveRoom = resolve))
  #ask = (): void => undefined
  readonly asked = new Promise<void>((resolve) => (this.#ask = resolve))
  override async put(...file: Parameters<MemoryStore['put']>): Promise<void> {
    this.#ask()
    await this.#room
    await super.put(...file)
  }
}

test('models.delete waits for what is just being kept, so that nothing of the model comes after it', async () => {
  const store = new SlowStore()
  const files = new ModelFiles({ store, kind: 'memory', reason: null })
  const options = { signal: new AbortController().signal, onProgress: () => undefined }
  const reading = files.read({ url: 'data:text/plain,weights', model: 'a', expected: undefined }, options)
  await store.asked
  const deleting = files.deleteAll(() => true)
  // Long enough for a deletion that does not wait.
  await new Promise((resolve) => setTimeout(resolve, 20))
  store.giveRoom()
  await Promise.all([reading, deleting])
  expect(await store.list()).toEqual([])
})

test('models.delete waits for the hub’s list of files too, whose address is not in the model’s folder', async () => {
  const store = new SlowStore()
  const listing = JSON.stringify({ sha: '0'.repeat(40), siblings: [] })
  // Kept by an earlier version: it gets its record when it is read.
  const get = (): ReturnType<MemoryStore['get']> =>
    Promise.resolve({ bytes: new TextEncoder().encode(listing).buffer, record: null })
  const repository = new ModelRepository(
    { modelsUrl: null, recipes: [], aliases: {} },
    { store: Object.assign(store, { get }), kind: 'memory', reason: null },
  )
  const controller = new AbortController()
  const resolving = repository.resolve('org/own', controller.signal)
  await store.asked
  controller.abort()
  const deleting = repository.delete({ id: 'org/own', path: 'org/own' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  store.giveRoom()
  await Promise.allSettled([resolving, deleting])
  expect(await store.list()).toEqual([])
})

test('a file that two models have read goes with the last of them, and counts for both', async () => {
  const bytes = new TextEncoder().encode('{"pooling_mode":"cls"}').buffer
  const sha256 = createHash('sha256').update(new Uint8Array(bytes)).digest('hex')
  const url = `${HUB}org/own/resolve/main/1_Pooling/config.json`
  const { store, repository } = await repositoryWith({})
  const [build, origin] = ['org/own-ONNX', 'org/own'].map((name) => ({ id: name, path: name }))
  await store.put(url, bytes, { ...recordOf(build!.path), bytes: bytes.byteLength, sha256 })
  const [known] = repository.known()
  const options = { signal: new AbortController().signal, onProgress: () => undefined }
  const recipe = { ...known!, ...origin!, revision: 'main', files: [] }
  for (let times = 0; times < 2; times++) {
    expect((await repository.readFile(recipe, '1_Pooling/config.json', options)).source).toBe('store')
  }
  const count = async () => Promise.all([build!, origin!].map(async (model) => (await repository.usageOf(model)).files))
  expect(await count()).toEqual([1, 1])
  const listed = (await repository.usage()).filter(({ files }) => files > 0)
  expect(listed.map(({ recipe: { id } }) => id)).toEqual([build!.id, origin!.id])

  await repository.delete(build!)
  expect(await count()).toEqual([0, 1])
  expect((await repository.readFile(recipe, '1_Pooling/config.json', options)).bytes).toEqual(bytes)
  await repository.delete(origin!)
  expect(await store.list()).toEqual([])
})
