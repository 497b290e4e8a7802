/** Where the time goes: per operator in onnxruntime; the encoder runs here so that the browser's profiler sees it. */

import { editModel } from '../../src/engine/edited-model.ts'
import { readOnnx } from '../../src/engine/onnx/graph.ts'
import { runtimeFiles } from '../../src/engine/runtime-files.ts'
import { recognizeBert } from '../../src/simd/bert/recognize.ts'
import { Encoder } from '../../src/simd/encoder.ts'

/** Milliseconds of one kind of node, and how many ran. */
export interface OperatorTime {
  operator: string
  nodes: number
  milliseconds: number
}

interface ProfileBench {
  /** One text at a time, on one thread. */
  operators(
    file: string,
    texts: readonly (readonly number[])[],
    repeats: number,
  ): Promise<{ whole: number; operators: OperatorTime[] }>
  /** Makes an encoder of a module that keeps the names of its functions. */
  openEncoder(file: string, wasm: readonly number[]): Promise<void>
  /** Milliseconds; all texts in one batch. */
  encode(texts: readonly (readonly number[])[], repeats: number): number
}

declare global {
  var profileBench: ProfileBench
}

const MODEL = { output: 'sentence_embedding', pooled: true, pooling: 'mean', width: 384 } as const

/** What the inputs of a BERT graph hold for a text alone. */
const INPUTS: Record<string, (token: number) => bigint> = {
  input_ids: (token) => BigInt(token),
  attention_mask: () => 1n,
  token_type_ids: () => 0n,
}

const bytesOf = async (file: string): Promise<ArrayBuffer> => (await fetch(file)).arrayBuffer()

function batchOf(texts: readonly (readonly number[])[]): { ids: Int32Array; lengths: Int32Array } {
  return { ids: Int32Array.from(texts.flat()), lengths: Int32Array.from(texts, ({ length }) => length) }
}

/** What a profiler's event of a node says, as far as it is read here. */
interface NodeEvent {
  cat: string
  name: string
  dur: number
  args?: { op_name?: string }
}

/** The web build has no file to write its profile to: it prints it, an event a line. */
function collectEvents(): { events: NodeEvent[]; stop: () => void } {
  const events: NodeEvent[] = []
  const print = console.log
  console.log = (...parts: unknown[]) => {
    for (const line of parts.join(' ').split('\n')) {
      const text = line.trim().replace(/,$/, '')
      if (text.startsWith('{')) events.push(JSON.parse(text) as NodeEvent)
    }
  }
  return {
    events,
    stop: () => {
      console.log = print
    },
  }
}

let encoder: Encoder | undefined

globalThis.profileBench = {
  async operators(file, texts, repeats) {
    // Before the runtime starts: it keeps the function that it prints with.
    const { events, stop } = collectEvents()
    const runtime = await import('onnxruntime-web/wasm')
    runtime.env.wasm.numThreads = 1
    runtime.env.wasm.wasmPaths = runtimeFiles('wasm', null)
    const { model, output } = editModel({ ...MODEL, model: await bytesOf(file), paddingSide: 'right' })
    const make = (enableProfiling: boolean) =>
      runtime.InferenceSession.create(model, { executionProviders: ['wasm'], enableProfiling })
    type Session = Awaited<ReturnType<typeof make>>
    const run = async (session: Session): Promise<void> => {
      for (const text of texts) {
        const feeds = session.inputNames.map((name) => {
          const value = INPUTS[name] ?? missing(name)
          return [name, new runtime.Tensor('int64', BigInt64Array.from(text, value), [1, text.length])] as const
        })
        await session.run(Object.fromEntries(feeds), [output.name])
      }
    }
    const plain = await make(false)
    await run(plain)
    const start = performance.now()
    for (let repeat = 0; repeat < repeats; repeat++) await run(plain)
    const whole = (performance.now() - start) / repeats
    const profiled = await make(true)
    for (let repeat = 0; repeat < repeats; repeat++) await run(profiled)
    profiled.endProfiling()
    // The runtime prints within this turn or the next.
    await new Promise((resolve) => setTimeout(resolve, 1000))
    stop()
    return { whole, operators: sumByOperator(events, repeats) }
  },
  async openEncoder(file, wasm) {
    const graph = readOnnx(new Uint8Array(await bytesOf(file)))
    const module = await WebAssembly.compile(Uint8Array.from(wasm))
    encoder = await Encoder.create({ module, build: 'relaxed', shared: false }, recognizeBert(graph, MODEL))
  },
  encode(texts, repeats) {
    if (encoder === undefined) throw new Error('openEncoder comes first')
    const batch = batchOf(texts)
    const start = performance.now()
    for (let repeat = 0; repeat < repeats; repeat++) encoder.encode(batch)
    return performance.now() - start
  },
}

function missing(name: string): never {
  throw new Error(`the graph has the input ${name}, which this benchmark does not know`)
}

function sumByOperator(events: readonly NodeEvent[], repeats: number): OperatorTime[] {
  const sums = new Map<string, OperatorTime>()
  for (const { cat, name, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time')) continue
    const operator = args?.op_name ?? 'unknown'
    const sum = sums.get(operator) ?? { operator, nodes: 0, milliseconds: 0 }
    sum.nodes += 1 / repeats
    sum.milliseconds += dur / 1000 / repeats
    sums.set(operator, sum)
  }
  return [...sums.values()].sort((a, b) => b.milliseconds - a.milliseconds)
}
