/** transformers.js in the test's own page, on its own onnxruntime: an independent implementation to compare with. */

import type * as Transformers from '@huggingface/transformers'

const PACKAGE = '/node_modules/@huggingface/transformers'
/** It was made for a development build of onnxruntime-web, which npm puts inside its folder. */
const RUNTIME = `${PACKAGE}/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded`

/**
 * Embeds texts one at a time, on the CPU with one thread, from the hub's q8 file under `/shared-models/`.
 *
 * @param model hub id
 * @param pooling as the model's authors say
 * @param cache name of the cache that it keeps its files in; without one it keeps none
 */
export async function transformersVectors(
  model: string,
  pooling: 'mean' | 'cls',
  texts: readonly string[],
  { cache }: { cache?: string } = {},
): Promise<Float32Array[]> {
  // By its address, not by its name: as a dependency Vite would bundle it anew in the middle of the run.
  const url = `${PACKAGE}/dist/transformers.web.js`
  const { env, pipeline } = (await import(/* @vite-ignore */ url)) as typeof Transformers
  env.allowRemoteModels = false
  env.allowLocalModels = true
  env.localModelPath = '/shared-models/'
  env.useBrowserCache = cache !== undefined
  if (cache !== undefined) env.cacheKey = cache
  const { wasm } = env.backends.onnx
  if (wasm === undefined) throw new Error('transformers.js has no onnxruntime-web')
  wasm.wasmPaths = {
    mjs: new URL(`${RUNTIME}.asyncify.mjs`, location.href).href,
    wasm: new URL(`${RUNTIME}.asyncify.wasm`, location.href).href,
  }
  wasm.numThreads = 1
  const extract = await pipeline('feature-extraction', model, { device: 'wasm', dtype: 'q8' })
  const vectors: Float32Array[] = []
  for (const text of texts) {
    const tensor = await extract(text, { pooling, normalize: true })
    vectors.push(Float32Array.from(tensor.data as Float32Array))
  }
  await extract.dispose()
  return vectors
}
