/** Where things lie that the benchmarks read. */

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

export const repository = path('../..')
export const models = path('../../models')
export const results = path('../results')
export const cranfieldFolder = path('../../../shared/data/cranfield')
export const cranfield = join(cranfieldFolder, 'cran.all.1400')
export const stsDev = path('../../../shared/data/stsbenchmark/sts-dev.csv')
export const referenceFolder = path('../../../shared/reference')
export const corpus = path('../../demo/public/corpus')

/** The hub's own files, which both libraries can run; not part of a fresh clone. */
export const sharedModels = path('../../../shared/models')
export const hubModel = 'Xenova/all-MiniLM-L6-v2'
/** Those of the hub's models that are here. */
export const hubModels = ['Xenova/all-MiniLM-L6-v2', 'Xenova/bge-small-en-v1.5', 'Xenova/e5-small-v2'].filter(
  (model) => existsSync(join(sharedModels, model, 'onnx/model_quantized.onnx')),
)
export const hasHubModel = existsSync(join(sharedModels, hubModel, 'onnx/model_quantized.onnx'))

const require = createRequire(import.meta.url)
const transformersFolder = dirname(dirname(require.resolve('@huggingface/transformers')))

/** The onnxruntime-web that transformers.js was made for: a development build, seldom the one of this library. */
export const peerRuntime = dirname(
  createRequire(join(transformersFolder, 'package.json')).resolve('onnxruntime-web'),
)

const versionIn = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version

export const versions = {
  'browser-embeddings': versionIn(repository),
  'its onnxruntime-web': versionIn(join(dirname(require.resolve('onnxruntime-web')), '..')),
  'transformers.js': versionIn(transformersFolder),
  'its own onnxruntime-web': versionIn(join(peerRuntime, '..')),
}
