/** transformers.js, as its documentation uses it: the pipeline with pooling and normalisation. */

import { env, pipeline } from '@huggingface/transformers'
import type { FeatureExtractionPipeline } from '@huggingface/transformers'
import type { Library } from './driver.ts'

export interface TransformersSetting {
  model: string
  modelsUrl: string
  /** Folder of the onnxruntime-web files that transformers.js was made for. */
  runtimeUrl: string
  /** `asyncify` is what it takes by itself; '' is the plain build, without WebGPU. */
  build: 'asyncify' | ''
  device: 'wasm' | 'webgpu'
  dtype: 'q8'
  /** Null: onnxruntime-web's own choice. */
  threads: number | null
}

/** The library under one setting; a thread can have one only. */
export function openTransformers(setting: TransformersSetting): Library {
  env.allowRemoteModels = false
  env.allowLocalModels = true
  env.localModelPath = setting.modelsUrl
  const { wasm } = env.backends.onnx
  if (wasm === undefined) throw new Error('transformers.js has no onnxruntime-web')
  const file = `${setting.runtimeUrl}ort-wasm-simd-threaded${setting.build && `.${setting.build}`}`
  // An object, as its default is: only then does it keep these files in its cache.
  wasm.wasmPaths = {
    mjs: new URL(`${file}.mjs`, location.href).href,
    wasm: new URL(`${file}.wasm`, location.href).href,
  }
  if (setting.threads !== null) wasm.numThreads = setting.threads

  let extractor: Promise<FeatureExtractionPipeline> | undefined
  return {
    async embed(texts) {
      extractor ??= pipeline('feature-extraction', setting.model, {
        device: setting.device,
        dtype: setting.dtype,
      })
      const extract = await extractor
      // One text is passed as such: that is how one embeds one by one.
      const input = texts.length === 1 && texts[0] !== undefined ? texts[0] : [...texts]
      const tensor = await extract(input, { pooling: 'mean', normalize: true })
      const [rows = 0, width = 0] = tensor.dims
      const data = tensor.data as Float32Array
      return Array.from({ length: rows }, (_, row) => data.subarray(row * width, (row + 1) * width))
    },
    facts: () => ({ threads: wasm.numThreads, build: setting.build, version: env.version }),
  }
}
