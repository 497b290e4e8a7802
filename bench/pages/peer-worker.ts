/** transformers.js in a worker, as its examples have it: requests run in the order in which they come. */

import { Tensor } from '@huggingface/transformers'
import { openTransformers, type TransformersSetting } from './transformers-library.ts'
import type { Library } from './driver.ts'

export type PeerRequest =
  | { id: number; kind: 'open'; setting: TransformersSetting }
  | { id: number; kind: 'embed'; texts: readonly string[]; perCall: number }
  /** Answers with a tensor's `tolist()`, which is what its examples post. */
  | { id: number; kind: 'list'; rows: number; width: number }

let library: Library | undefined

async function answer(request: PeerRequest): Promise<unknown> {
  if (request.kind === 'open') {
    library = openTransformers(request.setting)
    return null
  }
  if (request.kind === 'list') {
    const { rows, width } = request
    return new Tensor('float32', new Float32Array(rows * width).fill(0.1), [rows, width]).tolist()
  }
  if (library === undefined) throw new Error('the worker was asked before it was opened')
  for (let start = 0; start < request.texts.length; start += request.perCall) {
    await library.embed(request.texts.slice(start, start + request.perCall))
  }
  return null
}

addEventListener('message', ({ data }: MessageEvent<PeerRequest>) => {
  answer(data).then(
    (value) => {
      postMessage({ id: data.id, value })
    },
    (error: unknown) => {
      postMessage({ id: data.id, error: String(error) })
    },
  )
})
