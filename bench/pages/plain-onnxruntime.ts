/** onnxruntime-web with the tokenizer and nothing else: what one writes without a library. */

import { Tokenizer } from '@huggingface/tokenizers'
import type { InferenceSession } from 'onnxruntime-web/wasm'
import { runtimeFiles } from '../../src/engine/runtime-files.ts'
import { drive } from './driver.ts'
import { readSetting } from './setting.ts'

interface Setting {
  /** In the hub's layout. */
  folder: string
  /** More than one only where the page is cross-origin isolated. */
  threads: number
}

const { folder, threads } = readSetting<Setting>()

async function open(): Promise<(texts: readonly string[]) => Promise<Float32Array[]>> {
  const read = async (file: string): Promise<Response> => fetch(folder + file)
  const { InferenceSession, Tensor, env } = await import('onnxruntime-web/wasm')
  env.wasm.numThreads = threads
  env.wasm.wasmPaths = runtimeFiles('wasm', null)
  const [tokenizerJson, configJson, model] = await Promise.all([
    read('tokenizer.json').then((response) => response.json() as Promise<object>),
    read('tokenizer_config.json').then((response) => response.json() as Promise<object>),
    read('onnx/model_quantized.onnx').then((response) => response.arrayBuffer()),
  ])
  const tokenizer = new Tokenizer(tokenizerJson, configJson)
  const session: InferenceSession = await InferenceSession.create(model, { executionProviders: ['wasm'] })

  return async (texts) => {
    const ids = texts.map((text) => tokenizer.encode(text).ids)
    const longest = Math.max(...ids.map(({ length }) => length))
    const shape = [texts.length, longest]
    const input = (value: (row: readonly number[], at: number) => number): InstanceType<typeof Tensor> =>
      new Tensor(
        'int64',
        BigInt64Array.from(
          ids.flatMap((row) => Array.from({ length: longest }, (_, at) => BigInt(value(row, at)))),
        ),
        shape,
      )
    const { last_hidden_state: states } = await session.run({
      input_ids: input((row, at) => row[at] ?? 0),
      attention_mask: input((row, at) => (at < row.length ? 1 : 0)),
      token_type_ids: input(() => 0),
    })
    if (states === undefined) throw new Error('the graph has no output last_hidden_state')
    const width = states.dims[2] ?? 0
    const values = states.data as Float32Array
    return ids.map(({ length }, row) => meanOf(values.subarray(row * longest * width), length, width))
  }
}

/** Mean over a text's tokens, normalised. */
function meanOf(states: Float32Array, tokens: number, width: number): Float32Array {
  const sum = new Float32Array(width)
  for (let token = 0; token < tokens; token++) {
    for (let i = 0; i < width; i++) sum[i] = (sum[i] ?? 0) + (states[token * width + i] ?? 0)
  }
  const length = Math.hypot(...sum)
  return sum.map((value) => value / length)
}

let opened: ReturnType<typeof open> | undefined

drive({
  async embed(texts) {
    opened ??= open()
    return (await opened)(texts)
  },
  facts: () => ({ threads, build: '' }),
})
