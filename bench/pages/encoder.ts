/** The CPU encoder alone, in the page's own thread: no workers, no tokenizer, no messages. */

import { recognizeBert } from '../../src/simd/bert/recognize.ts'
import { Encoder } from '../../src/simd/encoder.ts'
import { loadEncoderModule } from '../../src/simd/encoder-module.ts'
import { readOnnx } from '../../src/engine/onnx/graph.ts'

/** A build, and in which way it computes dot products. */
const WAYS = [
  { name: 'relaxed SIMD, fused dot products', build: 'relaxed', fused: true },
  { name: 'relaxed SIMD, paired dot products', build: 'relaxed', fused: false },
  { name: 'plain SIMD128', build: 'plain', fused: true },
] as const

interface EncoderBench {
  /** Fetches the file, and makes an encoder of it in every way; milliseconds of each step of the first. */
  load(file: string, pooled: boolean): Promise<Record<'read' | 'recognize' | 'pack', number>>
  /** For each way, the sum over the texts of the least milliseconds of `repeats` runs; the ways in turn. */
  measure(texts: readonly (readonly number[])[], repeats: number): Record<string, number>
}

declare global {
  var encoderBench: EncoderBench
}

let encoders: { name: string; fused: boolean; encoder: Encoder }[] = []

globalThis.encoderBench = {
  async load(file, pooled) {
    const bytes = new Uint8Array(await (await fetch(file)).arrayBuffer())
    const output = pooled ? 'sentence_embedding' : 'last_hidden_state'
    const modules = {
      relaxed: await loadEncoderModule('relaxed'),
      plain: await loadEncoderModule('plain'),
    }
    const start = performance.now()
    const graph = readOnnx(bytes)
    const read = performance.now()
    const source = recognizeBert(graph, { output, pooled, pooling: 'mean', width: 384 })
    const recognized = performance.now()
    const relaxed = await Encoder.create(modules.relaxed, source)
    const packed = performance.now()
    const all = { relaxed, plain: await Encoder.create(modules.plain, source) }
    encoders = WAYS.map(({ name, build, fused }) => ({ name, fused, encoder: all[build] }))
    return { read: read - start, recognize: recognized - read, pack: packed - recognized }
  },
  measure(texts, repeats) {
    const sums = Object.fromEntries(encoders.map(({ name }) => [name, 0]))
    for (const text of texts) {
      const batch = { ids: Int32Array.from(text), lengths: Int32Array.of(text.length) }
      const least = Object.fromEntries(encoders.map(({ name }) => [name, Infinity]))
      for (let repeat = 0; repeat < repeats; repeat++) {
        for (const { name, fused, encoder } of encoders) {
          const start = performance.now()
          encoder.encode(batch, fused)
          least[name] = Math.min(least[name] ?? Infinity, performance.now() - start)
        }
      }
      for (const { name } of encoders) sums[name] = (sums[name] ?? 0) + (least[name] ?? 0)
    }
    return sums
  },
}
