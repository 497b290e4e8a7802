/** Times two backends on the same texts, and compares their vectors. */

import type { TokenBatch } from '../engine/batch.ts'
import type { BackendComparison, BackendTimes } from '../rpc/protocol.ts'
import { cosine } from '../vectors/similarity.ts'
import type { BackendLane } from './backend-lane.ts'
import { laneName } from './backend-rungs.ts'
import type { InferenceSlot } from './inference-slot.ts'
import { loneText } from './known-answer.ts'

const QUERY_TOKENS = 12

/** Lengths of the texts of a bulk batch, as far as the probe is long: uneven, so that padding counts. */
const BULK_LENGTHS = [44, 44, 40, 36, 32, 24, 16, 8]

/** Milliseconds that timing may take on the CPU. */
const CPU_BUDGET = 200

/** On a GPU small batches waste most of the time: it is timed with a batch as large as it will get. */
const GPU_COPIES = 8

/** Milliseconds for a small batch from which on a GPU is not worth timing with a large one. */
const SLOW = 100

function queryOf(tokens: Int32Array): TokenBatch {
  return loneText(tokens.subarray(0, QUERY_TOKENS))
}

function bulkOf(tokens: Int32Array, copies: number): TokenBatch {
  const texts: Int32Array[] = []
  for (let copy = 0; copy < copies; copy++) {
    for (const length of BULK_LENGTHS) texts.push(tokens.subarray(0, length))
  }
  const ids = new Int32Array(texts.reduce((sum, text) => sum + text.length, 0))
  let offset = 0
  for (const text of texts) {
    ids.set(text, offset)
    offset += text.length
  }
  return { ids, lengths: Int32Array.from(texts, (text) => text.length) }
}

const perThousand = (milliseconds: number, tokens: number): number => (milliseconds / tokens) * 1000

/** Times the CPU's sessions and the GPU's on the same texts, and compares their vectors. */
export async function compareBackends(
  slot: InferenceSlot,
  cpu: BackendLane,
  tokens: Int32Array,
  signal: AbortSignal,
): Promise<BackendComparison> {
  const bulk = bulkOf(tokens, 1)
  const onCpu = await cpu.run(bulkOf(tokens, 1), 'background', signal)
  const onGpu = await slot.run(bulkOf(tokens, 1))
  const rows = bulk.lengths.length
  const width = onCpu.length / rows
  const row = (matrix: Float32Array, index: number): Float32Array =>
    matrix.subarray(index * width, (index + 1) * width)
  const cosines = Array.from({ length: rows }, (_, index) => cosine(row(onCpu, index), row(onGpu, index)))
  return {
    // A row that is not finite must not pass for agreement.
    agreement: cosines.some(Number.isNaN) ? 0 : Math.min(...cosines),
    wasm: await timeCpu(cpu, tokens, signal),
    webgpu: await timeGpu(slot, tokens),
    cpu: cpu.chosen === null ? '' : laneName(cpu.chosen),
  }
}

/** The least of up to three runs: any one may have waited for other work of the machine. */
async function leastTime(cpu: BackendLane, batch: TokenBatch, signal: AbortSignal): Promise<number> {
  const started = performance.now()
  let least = Infinity
  for (let times = 0; times < 3; times++) {
    least = Math.min(least, await cpu.time(batch, signal))
    if (performance.now() - started > CPU_BUDGET / 2) break
  }
  return least
}

async function timeCpu(cpu: BackendLane, tokens: Int32Array, signal: AbortSignal): Promise<BackendTimes> {
  const query = await leastTime(cpu, queryOf(tokens), signal)
  const workers = cpu.chosen?.layout.workers ?? 1
  // A model that needs long for a query would hold up everything with a batch; its tokens cost about as much there.
  const batch = bulkOf(tokens, 1)
  const perToken = query / Math.min(QUERY_TOKENS, tokens.length)
  const foreseen = perToken * batch.ids.length
  if (foreseen > CPU_BUDGET) return { query, bulk: (perToken * 1000) / workers }
  const milliseconds = await leastTime(cpu, batch, signal)
  return { query, bulk: perThousand(milliseconds, batch.ids.length) / workers }
}

async function timeGpu(slot: InferenceSlot, tokens: Int32Array): Promise<BackendTimes> {
  const time = async (batch: TokenBatch, warm: boolean): Promise<number> => {
    let least = Infinity
    // The first run of a shape compiles shaders.
    for (let run = warm ? 1 : 0; run < 3; run++) {
      const started = performance.now()
      await slot.run({ ids: batch.ids.slice(), lengths: batch.lengths.slice() })
      const milliseconds = performance.now() - started
      if (run > 0) least = Math.min(least, milliseconds)
      if (run > 0 && milliseconds > SLOW) break
    }
    return least
  }
  const query = await time(queryOf(tokens), false)
  const small = bulkOf(tokens, 1)
  // Its vectors have been compared.
  const milliseconds = await time(small, true)
  const bulk = perThousand(milliseconds, small.ids.length)
  if (milliseconds > SLOW) return { query, bulk }
  const large = bulkOf(tokens, GPU_COPIES)
  return { query, bulk: Math.min(bulk, perThousand(await time(large, false), large.ids.length)) }
}
